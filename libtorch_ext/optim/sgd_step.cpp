#include "libtorch_ext/optim/sgd_step.h"

#include <ATen/ops/empty_like.h>

#include "libtorch_ext/optim/one_pass.h"

namespace torch_ext {
namespace {

// `buffer` is undefined before the first step.
void sgd_by_aten(at::Tensor& parameter, const at::Tensor& given, at::Tensor& buffer, const SgdArguments& a) {
  at::Tensor grad = a.maximize ? given.neg() : given;
  if (a.weight_decay != 0) grad = grad.add(parameter, a.weight_decay);
  if (a.momentum != 0) {
    if (buffer.defined()) {
      buffer.mul_(a.momentum).add_(grad, 1 - a.dampening);
    } else {
      buffer = grad.detach().clone();
    }
    grad = a.nesterov ? grad.add(buffer, a.momentum) : buffer;
  }
  parameter.add_(grad, -a.lr);
}

void sgd_in_one_pass(Rounding rounding, at::Tensor& parameter, const at::Tensor& grad, at::Tensor& buffer,
                     const SgdArguments& a) {
  SgdStep step{.sign = a.maximize ? -1.0f : 1.0f,
               .weight_decay = static_cast<float>(a.weight_decay),
               .momentum = static_cast<float>(a.momentum),
               .one_minus_dampening = static_cast<float>(1 - a.dampening),
               .minus_lr = static_cast<float>(-a.lr),
               .decays = a.weight_decay != 0,
               .has_momentum = a.momentum != 0,
               .is_first = !buffer.defined(),
               .nesterov = a.nesterov};
  if (step.has_momentum && step.is_first) buffer = at::empty_like(grad, grad.options(), at::MemoryFormat::Preserve);
  auto* p = parameter.mutable_data_ptr<float>();
  const auto* g = grad.const_data_ptr<float>();
  auto* b = step.has_momentum ? buffer.mutable_data_ptr<float>() : nullptr;
  for_ranges(parameter, [&](int64_t begin, int64_t end) {
    sgd_kernel(rounding, step, end - begin, p + begin, g + begin, b ? b + begin : nullptr);
  });
  mark_changed(parameter);
  mark_changed(buffer);
}

std::optional<Rounding> find_sgd_rounding() {
  const auto two_steps = [](const auto& step) {
    const SgdArguments arguments{
        .lr = 0.0123, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.0456, .nesterov = true, .maximize = false};
    at::Tensor parameter = probe_numbers(0), buffer;
    for (const int64_t seed : {1, 2}) step(parameter, probe_numbers(seed), buffer, arguments);
    return parameter;
  };
  return find_rounding(
      [&](Rounding rounding) {
        return two_steps([&](auto&&... arguments) { sgd_in_one_pass(rounding, arguments...); });
      },
      [&] { return two_steps(sgd_by_aten); });
}

}  // namespace

std::optional<Rounding> sgd_rounding() {
  static const std::optional<Rounding> rounding = find_sgd_rounding();
  return rounding;
}

void sgd_step(at::Tensor& parameter, const at::Tensor& grad, at::Tensor& momentum_buffer,
              const SgdArguments& arguments) {
  const auto rounding = sgd_rounding();
  if (rounding && fits_one_pass(parameter, grad, {momentum_buffer})) {
    sgd_in_one_pass(*rounding, parameter, grad, momentum_buffer, arguments);
  } else {
    sgd_by_aten(parameter, grad, momentum_buffer, arguments);
  }
}

}  // namespace torch_ext
