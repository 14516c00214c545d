#include "libtorch_ext/config/bound.h"

#include <cmath>
#include <sstream>

namespace torch_ext::config {

std::string to_words(const Bound& bound) {
  std::ostringstream words;
  if (std::isfinite(bound.minimum) && std::isfinite(bound.maximum)) {
    words << " from " << bound.minimum << " to " << bound.maximum;
  } else if (std::isfinite(bound.minimum)) {
    words << (bound.open ? " above " : " of at least ") << bound.minimum;
  } else if (std::isfinite(bound.maximum)) {
    words << " of at most " << bound.maximum;
  }
  if (bound.nullable) words << (bound.automatic ? ", or \"auto\"" : ", or null");
  return words.str();
}

}  // namespace torch_ext::config
