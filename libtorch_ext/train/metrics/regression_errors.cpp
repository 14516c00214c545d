#include "libtorch_ext/train/metrics/regression_errors.h"

#include <torch/torch.h>

#include "libtorch_ext/train/metrics/metric_state.h"

namespace torch_ext {

RegressionErrors::RegressionErrors() { reset(); }

void RegressionErrors::reset() { sums_ = at::zeros({3}, at::kDouble); }

void RegressionErrors::update(const at::Tensor& prediction, const at::Tensor& target) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK_VALUE(prediction.sizes() == target.sizes(), "RegressionErrors: found predictions of shape ",
                    prediction.sizes(), " and a target of shape ", target.sizes(), ", expected the same shape");
  const at::Tensor error = prediction.detach().to(at::kDouble) - target.detach().to(prediction.device(), at::kDouble);
  detail::prepare_state(sums_, prediction.device());
  sums_[0].add_(error.square().sum());
  sums_[1].add_(error.abs().sum());
  sums_[2].add_(error.numel());
}

RegressionResult RegressionErrors::compute() const {
  const at::Tensor sums = sums_.cpu();
  const auto* sum = sums.const_data_ptr<double>();
  if (sum[2] == 0) return {};
  return {sum[0] / sum[2], sum[1] / sum[2]};
}

void RegressionErrors::reduce(const ProcessGroup& group) { sums_ = detail::sum_over(group, sums_); }

}  // namespace torch_ext
