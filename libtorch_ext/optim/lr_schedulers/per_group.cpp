#include "libtorch_ext/optim/lr_schedulers/per_group.h"

#include <c10/util/Exception.h>

namespace torch_ext {

std::vector<double> PerGroup::expand(const char* name, size_t groups) const {
  if (!is_list_) return std::vector<double>(groups, numbers_.front());
  TORCH_CHECK_VALUE(numbers_.size() == groups, name, ": found ", numbers_.size(), " values, expected ", groups,
                    ", one per group of the optimizer");
  return numbers_;
}

}  // namespace torch_ext
