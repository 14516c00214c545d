#include "libtorch_ext/optim/adamw.h"

#include "libtorch_ext/optim/adam_step.h"
#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {

void AdamWOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "eps", eps());
  check_betas(name(), betas());
  check_option(name(), "weight_decay", weight_decay());
}

void AdamWOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("betas", betas());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.later_value("amsgrad", amsgrad());
  fields.later_value("maximize", maximize());
  fields.hint("foreach", {});
  fields.hint("capturable", false);
  fields.hint("differentiable", false);
  fields.hint("fused", {});
  fields.hint("decoupled_weight_decay", true);  // as in Python, AdamW is AdamW whatever the file says
}

bool AdamWOptions::describe_entries(OptimizerFields& fields, torch::optim::AdamWParamState& state) const {
  fields.step(state.step());
  fields.tensor("exp_avg", state.exp_avg());
  fields.tensor("exp_avg_sq", state.exp_avg_sq());
  fields.tensor("max_exp_avg_sq", state.max_exp_avg_sq(), amsgrad());
  return true;
}

void AdamW::update(at::Tensor& parameter, const at::Tensor& grad, const AdamWOptions& options) {
  check_dense(grad);
  auto& state = state_of<torch::optim::AdamWParamState>(parameter, [&](auto& fresh) {
    fresh.exp_avg(zeros_like(parameter));
    fresh.exp_avg_sq(zeros_like(parameter));
  });
  if (options.amsgrad() && !state.max_exp_avg_sq().defined()) state.max_exp_avg_sq(zeros_like(parameter));
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
             .decoupled_weight_decay = true});
}

}  // namespace torch_ext
