#pragma once

#include "libtorch_ext/optim/adam_step.h"
#include "libtorch_ext/optim/check_option.h"
#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// What Python checks for Adam, AdamW, Adamax, NAdam and RAdam.
template <class Options>
void check_adam_family(const Options& options) {
  check_option(Options::name(), "lr", options.lr());
  check_option(Options::name(), "eps", options.eps());
  check_betas(Options::name(), options.betas());
  check_option(Options::name(), "weight_decay", options.weight_decay());
}

/// Adam's and AdamW's options in the order of Python's groups, but for the last, `decoupled_weight_decay`.
template <class Options>
void describe_adam(OptimizerFields& fields, Options& options) {
  fields.value("lr", options.lr());
  fields.value("betas", options.betas());
  fields.value("eps", options.eps());
  fields.value("weight_decay", options.weight_decay());
  fields.later_value("amsgrad", options.amsgrad());
  fields.later_value("maximize", options.maximize());
  fields.hint("foreach", {});
  fields.hint("capturable", false);
  fields.hint("differentiable", false);
  fields.hint("fused", {});
}

template <class State>
void describe_adam_entries(OptimizerFields& fields, State& state, bool amsgrad) {
  fields.step(state.step());
  fields.tensor("exp_avg", state.exp_avg());
  fields.tensor("exp_avg_sq", state.exp_avg_sq());
  fields.tensor("max_exp_avg_sq", state.max_exp_avg_sq(), amsgrad);
}

/// A step of Adam or of AdamW.
template <class State, class Options>
void adam_update(at::Tensor& parameter, const at::Tensor& grad, State& state, const Options& options,
                 bool decoupled_weight_decay) {
  if (options.amsgrad() && !state.max_exp_avg_sq().defined()) state.max_exp_avg_sq(at::zeros_like(parameter));
  state.step(state.step() + 1);
  const auto [beta1, beta2] = options.betas();
  adam_step(parameter, grad, {state.exp_avg(), state.exp_avg_sq(), state.max_exp_avg_sq()}, state.step(),
            {.lr = options.lr(),
             .beta1 = beta1,
             .beta2 = beta2,
             .eps = options.eps(),
             .weight_decay = options.weight_decay(),
             .amsgrad = options.amsgrad(),
             .maximize = options.maximize(),
             .decoupled_weight_decay = decoupled_weight_decay});
}

/// What a step of NAdam or RAdam computes with: complex numbers as pairs of real ones, and the averages of this step.
struct AdamMoments {
  at::Tensor parameter, grad, exp_avg, exp_avg_sq;
};

/// The beginning that NAdam and RAdam have in common: the sign of `maximize`, weight decay, both averages.
template <class State, class Options>
AdamMoments begin_adam_step(at::Tensor& parameter, const at::Tensor& grad, State& state, const Options& options) {
  const auto [beta1, beta2] = options.betas();
  AdamMoments moments{real_view(parameter), real_view(options.maximize() ? grad.neg() : grad),
                      real_view(state.exp_avg), real_view(state.exp_avg_sq)};
  if (options.weight_decay() != 0) {
    if (options.decoupled_weight_decay()) {
      moments.parameter.mul_(1 - options.lr() * options.weight_decay());
    } else {
      moments.grad = moments.grad.add(moments.parameter, options.weight_decay());
    }
  }
  moments.exp_avg.lerp_(moments.grad, 1 - beta1);
  moments.exp_avg_sq.mul_(beta2).addcmul_(moments.grad, moments.grad, 1 - beta2);
  return moments;
}

}  // namespace torch_ext
