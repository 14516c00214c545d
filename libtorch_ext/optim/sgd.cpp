#include "libtorch_ext/optim/sgd.h"

#include "libtorch_ext/optim/check_option.h"
#include "libtorch_ext/optim/sgd_step.h"

namespace torch_ext {
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
  at::Tensor none;
  at::Tensor& buffer =
      options.momentum() == 0
          ? none
          : state_of<torch::optim::SGDParamState>(parameter, [](const auto&) {}).momentum_buffer();
  sgd_step(parameter, grad, buffer,
           {.lr = options.lr(),
            .momentum = options.momentum(),
            .dampening = options.dampening(),
            .weight_decay = options.weight_decay(),
            .nesterov = options.nesterov(),
            .maximize = options.maximize()});
}

}  // namespace torch_ext
