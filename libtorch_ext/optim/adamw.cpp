#include "libtorch_ext/optim/adamw.h"

#include <torch/torch.h>

#include <cmath>

namespace torch_ext {

using torch::optim::AdamWOptions;
using torch::optim::AdamWParamState;

AdamW::AdamW(std::vector<torch::optim::OptimizerParamGroup> groups, AdamWOptions defaults)
    : Optimizer(groups, std::make_unique<AdamWOptions>(defaults)) {}

AdamW::AdamW(std::vector<at::Tensor> parameters, AdamWOptions defaults)
    : Optimizer(std::move(parameters), std::make_unique<AdamWOptions>(defaults)) {}

at::Tensor AdamW::step(LossClosure closure) {
  torch::NoGradGuard no_grad;
  at::Tensor loss;
  if (closure) {
    at::AutoGradMode enable_grad(true);
    loss = closure();
  }
  for (auto& group : param_groups_) {
    const auto& options = static_cast<const AdamWOptions&>(group.options());
    const auto [beta1, beta2] = options.betas();
    for (auto& parameter : group.params()) {
      const at::Tensor& grad = parameter.grad();
      if (!grad.defined()) continue;
      TORCH_CHECK_VALUE(!grad.is_sparse(), "AdamW doesn't take sparse gradients");

      auto& entry = state_[parameter.unsafeGetTensorImpl()];
      if (!entry) {
        auto made = std::make_unique<AdamWParamState>();
        made->step(0);
        made->exp_avg(torch::zeros_like(parameter, at::MemoryFormat::Preserve));
        made->exp_avg_sq(torch::zeros_like(parameter, at::MemoryFormat::Preserve));
        if (options.amsgrad()) made->max_exp_avg_sq(torch::zeros_like(parameter, at::MemoryFormat::Preserve));
        entry = std::move(made);
      }
      auto& state = static_cast<AdamWParamState&>(*entry);
      state.step(state.step() + 1);

      if (options.weight_decay() != 0) parameter.mul_(1 - options.lr() * options.weight_decay());
      state.exp_avg().lerp_(grad, 1 - beta1);
      state.exp_avg_sq().mul_(beta2).addcmul_(grad, grad, 1 - beta2);

      const double step = static_cast<double>(state.step());
      const double bias_correction1 = 1 - std::pow(beta1, step);
      const double bias_correction2 = 1 - std::pow(beta2, step);
      at::Tensor second = state.exp_avg_sq();
      if (options.amsgrad()) {
        torch::maximum_out(state.max_exp_avg_sq(), state.max_exp_avg_sq(), second);
        second = state.max_exp_avg_sq();
      }
      const at::Tensor denominator = (second.sqrt() / std::pow(bias_correction2, 0.5)).add_(options.eps());
      parameter.addcdiv_(state.exp_avg(), denominator, -(options.lr() / bias_correction1));
    }
  }
  return loss;
}

}  // namespace torch_ext
