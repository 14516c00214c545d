#include "libtorch_ext/train/metrics/mean_loss.h"

#include <torch/torch.h>

#include "libtorch_ext/train/metrics/metric_state.h"

namespace torch_ext {

MeanLoss::MeanLoss() { reset(); }

void MeanLoss::reset() { sums_ = at::zeros({2}, at::kDouble); }

void MeanLoss::update(const at::Tensor& loss, int64_t samples) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK_VALUE(loss.numel() == 1, "MeanLoss: found a loss of shape ", loss.sizes(),
                    ", expected one number: the mean over the samples");
  detail::prepare_state(sums_, loss.device());
  sums_[0].add_(loss.detach().reshape({}).to(at::kDouble), static_cast<double>(samples));
  sums_[1].add_(samples);
}

void MeanLoss::update(const at::Tensor& losses) {
  const torch::NoGradGuard no_grad;
  detail::prepare_state(sums_, losses.device());
  sums_[0].add_(losses.detach().sum(at::kDouble));
  sums_[1].add_(losses.numel());
}

double MeanLoss::compute() const {
  const at::Tensor sums = sums_.cpu();
  const auto* sum = sums.const_data_ptr<double>();
  return sum[1] > 0 ? sum[0] / sum[1] : 0;
}

void MeanLoss::reduce(const ProcessGroup& group) { sums_ = detail::sum_over(group, sums_); }

}  // namespace torch_ext
