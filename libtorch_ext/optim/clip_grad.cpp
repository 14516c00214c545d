#include "libtorch_ext/optim/clip_grad.h"

#include <ATen/ATen.h>
#include <ATen/native/ForeachUtils.h>
#include <c10/core/GradMode.h>

#include <numeric>
#include <unordered_set>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

std::vector<at::Tensor> with_gradients(const std::vector<at::Tensor>& parameters) {
  std::unordered_set<const void*> seen;
  std::vector<at::Tensor> found;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined() && seen.insert(parameter.unsafeGetTensorImpl()).second) found.push_back(parameter);
  }
  return found;
}

std::vector<at::Tensor> gradients_of(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : with_gradients(parameters)) gradients.push_back(parameter.grad());
  return gradients;
}

// By device and dtype, in the order of Python, which the sum of the norms depends on.
std::vector<std::vector<at::Tensor>> grouped(const std::vector<at::Tensor>& tensors) {
  std::vector<std::vector<at::Tensor>> groups;
  const at::native::nested_optional_tensorvec_t list{{tensors.begin(), tensors.end()}};
  for (const auto& entry : at::native::_group_tensors_by_first_tensors_device_and_dtype(list, false)) {
    auto& group = groups.emplace_back();
    for (const auto& tensor : entry.second.first.at(0)) group.push_back(*tensor);
  }
  return groups;
}

at::Tensor unit_norm(const at::Tensor& tensor, double norm_type) {
  if (tensor.dim() <= 1) return at::linalg_vector_norm(tensor, norm_type);
  std::vector<int64_t> dims(static_cast<size_t>(tensor.dim() - 1));
  std::iota(dims.begin(), dims.end(), 1);
  return at::linalg_vector_norm(tensor, norm_type, dims, /*keepdim=*/true);
}

}  // namespace

at::Tensor get_total_norm(const std::vector<at::Tensor>& tensors, ClipGradOptions options) {
  if (tensors.empty()) return at::zeros({});
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (const auto& group : grouped(tensors)) {
    for (const auto& norm : at::_foreach_norm(group, options.norm_type)) {
      norms.push_back(norm.to(tensors.front().device()));
    }
  }
  const at::Tensor total = at::linalg_vector_norm(at::stack(norms), options.norm_type);
  if (options.error_if_nonfinite) {
    TORCH_CHECK(at::isfinite(total).item<bool>(), "the gradients' norm of order ", options.norm_type, ": found ",
                total.item<double>(), ", expected a finite number; clip without error_if_nonfinite to go on anyway");
  }
  return total;
}

void clip_grads_with_norm_(const std::vector<at::Tensor>& parameters, double max_norm, const at::Tensor& total_norm) {
  const std::vector<at::Tensor> gradients = gradients_of(parameters);
  if (gradients.empty()) return;
  const c10::NoGradGuard no_grad;
  // A coefficient of 1 is multiplied by, too: to look at it would wait for the device. A number over a tensor is a
  // product with the reciprocal in Python.
  const at::Tensor coefficient = ((total_norm + 1e-6).reciprocal() * max_norm).clamp_max(1.0);
  for (const auto& group : grouped(gradients)) at::_foreach_mul_(group, coefficient.to(group.front().device()));
}

at::Tensor clip_grad_norm_(const std::vector<at::Tensor>& parameters, double max_norm, ClipGradOptions options) {
  const at::Tensor total = get_total_norm(gradients_of(parameters), options);
  clip_grads_with_norm_(parameters, max_norm, total);
  return total;
}

at::Tensor clip_grad_norm_(const torch::nn::Module& module, double max_norm, ClipGradOptions options) {
  return clip_grad_norm_(parameters(module), max_norm, options);
}

void clip_grad_value_(const std::vector<at::Tensor>& parameters, double clip_value) {
  const c10::NoGradGuard no_grad;
  const std::vector<at::Tensor> gradients = gradients_of(parameters);
  if (gradients.empty()) return;
  for (const auto& group : grouped(gradients)) {
    at::_foreach_clamp_min_(group, -clip_value);
    at::_foreach_clamp_max_(group, clip_value);
  }
}

void clip_grad_value_(const torch::nn::Module& module, double clip_value) {
  clip_grad_value_(parameters(module), clip_value);
}

void adaptive_clip_grad_(const std::vector<at::Tensor>& parameters, AdaptiveClipOptions options) {
  const c10::NoGradGuard no_grad;
  for (const auto& parameter : with_gradients(parameters)) {
    at::Tensor gradient = parameter.grad();
    const at::Tensor max_norm =
        unit_norm(parameter.detach(), options.norm_type).clamp_min_(options.eps).mul_(options.clip_factor);
    const at::Tensor norm = unit_norm(gradient, options.norm_type);
    const at::Tensor clipped = gradient * (max_norm / norm.clamp_min(1e-6));
    gradient.copy_(at::where(norm < max_norm, gradient, clipped));
  }
}

void adaptive_clip_grad_(const torch::nn::Module& module, AdaptiveClipOptions options) {
  adaptive_clip_grad_(parameters(module), options);
}

}  // namespace torch_ext
