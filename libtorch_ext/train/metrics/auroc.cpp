#include "libtorch_ext/train/metrics/auroc.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "libtorch_ext/train/metrics/metric_state.h"

namespace torch_ext {
namespace {

// Of all pairs of a positive and a negative, the share in which the positive scores higher.
double area(const at::Tensor& positives, const at::Tensor& negatives) {
  if (positives.numel() == 0 || negatives.numel() == 0) return std::numeric_limits<double>::quiet_NaN();
  const at::Tensor sorted = std::get<0>(negatives.sort());
  const at::Tensor lower = at::searchsorted(sorted, positives, /*out_int32=*/false, /*right=*/false);
  const at::Tensor not_higher = at::searchsorted(sorted, positives, /*out_int32=*/false, /*right=*/true);
  const auto twice = (lower + not_higher).sum().item<int64_t>();
  return static_cast<double>(twice) /
         (2 * static_cast<double>(positives.numel()) * static_cast<double>(negatives.numel()));
}

}  // namespace

AUROC::AUROC(int64_t num_classes, ScoreKind kind) : num_classes_(num_classes), kind_(kind) {
  TORCH_CHECK_VALUE(num_classes >= 1, "AUROC: found ", num_classes, " classes, expected at least one");
}

void AUROC::reset() {
  scores_.clear();
  targets_.clear();
}

void AUROC::update(const at::Tensor& scores, const at::Tensor& target) {
  const torch::NoGradGuard no_grad;
  const at::Tensor columns = scores.dim() == 1 ? scores.unsqueeze(1) : scores;
  TORCH_CHECK_VALUE(columns.dim() == 2 && columns.size(1) == num_classes_, "AUROC: found scores of shape ",
                    scores.sizes(), ", expected [N, ", num_classes_, "]");
  // A binary target has a class more than there are columns.
  const at::Tensor classes =
      detail::checked_target("AUROC", num_classes_ == 1 ? columns.expand({-1, 2}) : columns, target);
  const auto dtype = columns.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const bool softmax = num_classes_ > 1 && kind_ == ScoreKind::kLogits;
  scores_.push_back(softmax ? columns.detach().softmax(1, dtype)
                            : columns.detach().to(dtype, /*non_blocking=*/false, /*copy=*/true));
  targets_.push_back(classes.clone());
}

AurocResult AUROC::compute() const {
  const torch::NoGradGuard no_grad;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  AurocResult result{std::vector<double>(static_cast<size_t>(num_classes_), nan), nan, nan};
  if (scores_.empty()) return result;
  const at::Tensor scores = at::cat(scores_).t().contiguous(), target = at::cat(targets_);
  TORCH_CHECK_VALUE(!scores.isnan().any().item<bool>(),
                    "AUROC: found scores that are NaN, expected numbers; did training diverge?");
  double sum = 0, weighted = 0, weights = 0;
  int64_t defined = 0;
  for (int64_t i = 0; i < num_classes_; ++i) {
    const at::Tensor is_class = target.eq(num_classes_ == 1 ? 1 : i);
    const at::Tensor positives = scores[i].masked_select(is_class);
    const double one = area(positives, scores[i].masked_select(is_class.logical_not()));
    result.classes[static_cast<size_t>(i)] = one;
    if (std::isnan(one)) continue;
    const auto support = static_cast<double>(positives.numel());
    sum += one;
    weighted += support * one;
    weights += support;
    ++defined;
  }
  if (defined > 0) result.macro = sum / static_cast<double>(defined), result.weighted = weighted / weights;
  return result;
}

void AUROC::reduce(const ProcessGroup& group) {
  if (group.size() == 1) return;
  // A rank that saw no sample doesn't know the dtype of the others.
  const at::Tensor wide = at::full({1}, !scores_.empty() && scores_[0].scalar_type() == at::kDouble ? 1 : 0,
                                   at::TensorOptions(at::kLong).device(group.device()));
  group.all_reduce(wide, ReduceOp::kMax);
  const auto dtype = wide.item<int64_t>() == 1 ? at::kDouble : at::kFloat;
  const at::Tensor scores = scores_.empty() ? at::empty({0, num_classes_}, dtype) : at::cat(scores_).to(dtype);
  const at::Tensor target = targets_.empty() ? at::empty({0}, at::kLong) : at::cat(targets_);
  scores_ = {detail::rows_over(group, scores)};
  targets_ = {detail::rows_over(group, target)};
}

}  // namespace torch_ext
