#include "libtorch_ext/data/transforms/size.h"

#include <c10/util/Exception.h>

namespace torch_ext::transforms {

std::string to_tuple(const Size& size) {
  return "(" + std::to_string(size.height) + ", " + std::to_string(size.width) + ")";
}

void check_size(const char* subject, const Size& size) {
  TORCH_CHECK_VALUE(size.height > 0 && size.width > 0, subject, ": size is ", to_tuple(size),
                    "; expected numbers above 0");
}

}  // namespace torch_ext::transforms
