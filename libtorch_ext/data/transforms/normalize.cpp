#include "libtorch_ext/data/transforms/normalize.h"

#include <c10/util/Exception.h>

#include <algorithm>

#include "libtorch_ext/data/transforms/functional/values.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

Normalize::Normalize(std::vector<double> mean, std::vector<double> std) : mean_(std::move(mean)), std_(std::move(std)) {
  TORCH_CHECK_VALUE(!mean_.empty() && mean_.size() == std_.size(), "Normalize: mean has ", mean_.size(),
                    " values and std ", std_.size(), "; expected one each for every channel");
  TORCH_CHECK_VALUE(std::count(std_.begin(), std_.end(), 0.0) == 0, "Normalize: std is ", python_list(std_),
                    "; expected numbers other than 0");
}

at::Tensor Normalize::operator()(const at::Tensor& image, Random&) const {
  return functional::normalize(image, mean_, std_);
}

std::string Normalize::repr() const {
  return "Normalize(mean=" + python_list(mean_) + ", std=" + python_list(std_) + ")";
}

}  // namespace torch_ext::transforms
