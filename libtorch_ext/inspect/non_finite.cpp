#include "libtorch_ext/inspect/non_finite.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

// The largest magnitude among the numbers: nan where one is nan.
double largest(const at::Tensor& tensor) {
  if (tensor.numel() == 0 || !(tensor.is_floating_point() || tensor.is_complex())) return 0;
  const bool is_common = tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble || tensor.is_complex();
  const at::Tensor numbers = is_common ? tensor : tensor.to(at::kFloat);
  return at::linalg_vector_norm(numbers, std::numeric_limits<double>::infinity()).item().toDouble();
}

}  // namespace

std::string find_non_finite(const torch::nn::Module& module) {
  const c10::NoGradGuard no_grad;
  for (const auto& entry : state_entries(module)) {
    const double value = largest(entry.tensor);
    if (std::isnan(value)) return "nan in " + entry.name;
    if (std::isinf(value) && !entry.is_buffer) return "inf in " + entry.name;
  }
  return "";
}

}  // namespace torch_ext
