#include "libtorch_ext/optim/adam_step.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/view_as_real.h>

#include <algorithm>
#include <cmath>

#include "libtorch_ext/optim/one_pass.h"

namespace torch_ext {
namespace {

struct BiasCorrection {
  BiasCorrection(const AdamArguments& arguments, int64_t step)
      : step_size(arguments.lr / (1 - std::pow(arguments.beta1, static_cast<double>(step)))),
        second_sqrt(std::pow(1 - std::pow(arguments.beta2, static_cast<double>(step)), 0.5)) {}
  double step_size, second_sqrt;
};

at::Tensor as_real(const at::Tensor& tensor, bool is_complex) { return is_complex ? at::view_as_real(tensor) : tensor; }

void adam_by_aten(at::Tensor& parameter, const at::Tensor& given, const AdamAverages& averages, int64_t step,
                  const AdamArguments& a) {
  at::Tensor grad = a.maximize ? given.neg() : given;
  if (a.weight_decay != 0) {
    if (a.decoupled_weight_decay) {
      parameter.mul_(1 - a.lr * a.weight_decay);
    } else {
      grad = grad.add(parameter, a.weight_decay);
    }
  }
  const bool is_complex = parameter.is_complex();
  grad = as_real(grad, is_complex);
  const at::Tensor exp_avg = as_real(averages.exp_avg, is_complex);
  const at::Tensor exp_avg_sq = as_real(averages.exp_avg_sq, is_complex);
  exp_avg.lerp_(grad, 1 - a.beta1);
  exp_avg_sq.mul_(a.beta2).addcmul_(grad, grad, 1 - a.beta2);
  at::Tensor second = exp_avg_sq;
  if (a.amsgrad) {
    second = as_real(averages.max_exp_avg_sq, is_complex);
    at::maximum_out(second, second, exp_avg_sq);
  }
  const BiasCorrection correction(a, step);
  const at::Tensor denominator = second.sqrt().div(correction.second_sqrt).add_(a.eps);
  as_real(parameter, is_complex).addcdiv_(exp_avg, denominator, -correction.step_size);
}

void adam_in_one_pass(Rounding rounding, at::Tensor& parameter, const at::Tensor& grad, const AdamAverages& averages,
                      int64_t step_number, const AdamArguments& a) {
  const BiasCorrection correction(a, step_number);
  const AdamStep step{.sign = a.maximize ? -1.0f : 1.0f,
                      .weight_decay = static_cast<float>(a.weight_decay),
                      .shrink = static_cast<float>(1 - a.lr * a.weight_decay),
                      .one_minus_beta1 = static_cast<float>(1 - a.beta1),
                      .beta2 = static_cast<float>(a.beta2),
                      .one_minus_beta2 = static_cast<float>(1 - a.beta2),
                      .bias_correction2_sqrt = static_cast<float>(correction.second_sqrt),
                      .eps = static_cast<float>(a.eps),
                      .minus_step_size = static_cast<float>(-correction.step_size),
                      .decays = a.weight_decay != 0 && !a.decoupled_weight_decay,
                      .shrinks = a.weight_decay != 0 && a.decoupled_weight_decay,
                      .amsgrad = a.amsgrad};
  auto* p = parameter.mutable_data_ptr<float>();
  const auto* g = grad.const_data_ptr<float>();
  auto* m = averages.exp_avg.mutable_data_ptr<float>();
  auto* v = averages.exp_avg_sq.mutable_data_ptr<float>();
  auto* top = a.amsgrad ? averages.max_exp_avg_sq.mutable_data_ptr<float>() : nullptr;
  for_ranges(parameter, [&](int64_t begin, int64_t end) {
    thread_local SquareRoots roots;
    for (int64_t i = begin; i < end; i += SquareRoots::kCapacity) {
      const int64_t n = std::min(SquareRoots::kCapacity, end - i);
      adam_moments_kernel(rounding, step, n, p + i, g + i, m + i, v + i, top ? top + i : nullptr, roots.data());
      roots.take(n);
      adam_parameter_kernel(rounding, step, n, p + i, m + i, roots.data());
    }
  });
  mark_changed(parameter);
  mark_changed(averages.exp_avg);
  mark_changed(averages.exp_avg_sq);
  if (a.amsgrad) mark_changed(averages.max_exp_avg_sq);
}

std::optional<Rounding> find_adam_rounding() {
  const auto three_steps = [](const auto& step) {
    AdamArguments arguments{.lr = 0.0123, .beta1 = 0.9, .beta2 = 0.987, .eps = 1e-3, .weight_decay = 0.0456};
    at::Tensor parameter = probe_numbers(0), first = probe_numbers(1), second = probe_numbers(2).abs(), none;
    const AdamAverages averages{first, second, none};
    step(parameter, probe_numbers(3), averages, 1, arguments);
    arguments.decoupled_weight_decay = true;
    step(parameter, probe_numbers(4), averages, 2, arguments);
    arguments.beta1 = 0.3;  // ATen's lerp goes another way from 0.5 on
    step(parameter, probe_numbers(5), averages, 3, arguments);
    return parameter;
  };
  return find_rounding(
      [&](Rounding rounding) {
        return three_steps([&](auto&&... arguments) { adam_in_one_pass(rounding, arguments...); });
      },
      [&] { return three_steps(adam_by_aten); });
}

}  // namespace

std::optional<Rounding> adam_rounding() {
  static const std::optional<Rounding> rounding = find_adam_rounding();
  return rounding;
}

void adam_step(at::Tensor& parameter, const at::Tensor& grad, const AdamAverages& averages, int64_t step,
               const AdamArguments& arguments) {
  const auto rounding = adam_rounding();
  const at::Tensor maximum = arguments.amsgrad ? averages.max_exp_avg_sq : at::Tensor();
  if (rounding && fits_one_pass(parameter, grad, {averages.exp_avg, averages.exp_avg_sq, maximum})) {
    adam_in_one_pass(*rounding, parameter, grad, averages, step, arguments);
  } else {
    adam_by_aten(parameter, grad, averages, step, arguments);
  }
}

}  // namespace torch_ext
