#include "libtorch_ext/optim/sgd.h"

#include "libtorch_ext/optim/check_option.h"
#include "libtorch_ext/optim/one_pass.h"

namespace torch_ext {
namespace {

// `buffer` is undefined before the first step.
void sgd_by_aten(at::Tensor& parameter, const at::Tensor& given, at::Tensor& buffer, const SGDOptions& options) {
  at::Tensor grad = options.maximize() ? given.neg() : given;
  if (options.weight_decay() != 0) grad = grad.add(parameter, options.weight_decay());
  if (options.momentum() != 0) {
    if (buffer.defined()) {
      buffer.mul_(options.momentum()).add_(grad, 1 - options.dampening());
    } else {
      buffer = grad.detach().clone();
    }
    grad = options.nesterov() ? grad.add(buffer, options.momentum()) : buffer;
  }
  parameter.add_(grad, -options.lr());
}

void sgd_in_one_pass(Rounding rounding, at::Tensor& parameter, const at::Tensor& grad, at::Tensor& buffer,
                     const SGDOptions& options) {
  SgdStep step{.sign = options.maximize() ? -1.0f : 1.0f,
               .weight_decay = static_cast<float>(options.weight_decay()),
               .momentum = static_cast<float>(options.momentum()),
               .one_minus_dampening = static_cast<float>(1 - options.dampening()),
               .minus_lr = static_cast<float>(-options.lr()),
               .decays = options.weight_decay() != 0,
               .has_momentum = options.momentum() != 0,
               .is_first = !buffer.defined(),
               .nesterov = options.nesterov()};
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
    const auto options = SGDOptions(0.0123).momentum(0.9).weight_decay(0.0456).nesterov(true);
    at::Tensor parameter = probe_numbers(0), buffer;
    for (const int64_t seed : {1, 2}) step(parameter, probe_numbers(seed), buffer, options);
    return parameter;
  };
  return find_rounding(
      [&](Rounding rounding) {
        return two_steps([&](auto&&... arguments) { sgd_in_one_pass(rounding, arguments...); });
      },
      [&] { return two_steps(sgd_by_aten); });
}

}  // namespace

void SGDOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "momentum", momentum());
  check_option(name(), "weight_decay", weight_decay());
  TORCH_CHECK_VALUE(!nesterov() || (momentum() > 0 && dampening() == 0), "SGD: found nesterov with momentum = ",
                    momentum(), " and dampening = ", dampening(), ", expected a momentum and no dampening");
}

void SGDOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("momentum", momentum());
  fields.value("dampening", dampening());
  fields.value("weight_decay", weight_decay());
  fields.later_value("nesterov", nesterov());
  fields.later_value("maximize", maximize());
  fields.hint("foreach", {});
  fields.hint("differentiable", false);
  fields.hint("fused", {});
}

bool SGDOptions::describe_entries(OptimizerFields& fields, torch::optim::SGDParamState& state) const {
  fields.tensor("momentum_buffer", state.momentum_buffer(), false);
  return state.momentum_buffer().defined();
}

void SGD::update(at::Tensor& parameter, const at::Tensor& grad, const SGDOptions& options) {
  static const std::optional<Rounding> rounding = find_sgd_rounding();
  at::Tensor none;
  at::Tensor& buffer =
      options.momentum() == 0
          ? none
          : state_of<torch::optim::SGDParamState>(parameter, [](const auto&) {}).momentum_buffer();
  if (rounding && fits_one_pass(parameter, grad, {buffer})) {
    sgd_in_one_pass(*rounding, parameter, grad, buffer, options);
  } else {
    sgd_by_aten(parameter, grad, buffer, options);
  }
}

}  // namespace torch_ext
