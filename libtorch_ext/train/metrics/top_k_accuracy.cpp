#include "libtorch_ext/train/metrics/top_k_accuracy.h"

#include <torch/torch.h>

#include "libtorch_ext/train/metrics/metric_state.h"

namespace torch_ext {

TopKAccuracy::TopKAccuracy(std::vector<int64_t> k) : k_(std::move(k)) {
  for (const int64_t each : k_) TORCH_CHECK_VALUE(each >= 1, "TopKAccuracy: found k = ", each, ", expected at least 1");
  reset();
}

void TopKAccuracy::reset() { hits_ = at::zeros({static_cast<int64_t>(k_.size()) + 1}, at::kLong); }

void TopKAccuracy::update(const at::Tensor& scores, const at::Tensor& target) {
  const torch::NoGradGuard no_grad;
  const at::Tensor classes = detail::checked_target("TopKAccuracy", scores, target).unsqueeze(1);
  const at::Tensor right = scores.gather(1, classes);
  const at::Tensor number = at::arange(scores.size(1), classes.options());
  // Those before the right class: the higher ones, and of equal ones the lower numbers.
  const at::Tensor before =
      scores.le(right).logical_not_().logical_or_(scores.eq(right).logical_and_(number.lt(classes)));
  const at::Tensor rank = before.sum(1);
  detail::prepare_state(hits_, scores.device());
  for (size_t i = 0; i < k_.size(); ++i) hits_[static_cast<int64_t>(i)].add_(rank.lt(k_[i]).sum());
  hits_[-1].add_(scores.size(0));
}

std::vector<double> TopKAccuracy::compute() const {
  const at::Tensor hits = hits_.cpu();
  const auto* counts = hits.const_data_ptr<int64_t>();
  const auto samples = static_cast<double>(counts[k_.size()]);
  std::vector<double> shares;
  for (size_t i = 0; i < k_.size(); ++i) shares.push_back(samples > 0 ? static_cast<double>(counts[i]) / samples : 0);
  return shares;
}

void TopKAccuracy::reduce(const ProcessGroup& group) { hits_ = detail::sum_over(group, hits_); }

}  // namespace torch_ext
