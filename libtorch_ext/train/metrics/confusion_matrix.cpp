#include "libtorch_ext/train/metrics/confusion_matrix.h"

#include <torch/torch.h>

#include "libtorch_ext/train/metrics/metric_state.h"

namespace torch_ext {
namespace {

void check_classes(const char* what, const at::Tensor& classes, int64_t num_classes) {
  if (!classes.is_cpu() || classes.numel() == 0) return;
  const auto [low, high] = classes.aminmax();
  TORCH_CHECK_VALUE(low.item<int64_t>() >= 0 && high.item<int64_t>() < num_classes, "ConfusionMatrix: found ", what,
                    " from ", low.item<int64_t>(), " to ", high.item<int64_t>(), ", expected from 0 to ",
                    num_classes - 1);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int64_t num_classes) : num_classes_(num_classes) {
  TORCH_CHECK_VALUE(num_classes >= 1, "ConfusionMatrix: found ", num_classes, " classes, expected at least one");
  reset();
}

void ConfusionMatrix::reset() { counts_ = at::zeros({num_classes_ * num_classes_}, at::kLong); }

void ConfusionMatrix::update(const at::Tensor& scores, const at::Tensor& target) {
  const torch::NoGradGuard no_grad;
  at::Tensor predicted, right;
  if (scores.dim() == 1) {
    TORCH_CHECK_VALUE(c10::isIntegralType(scores.scalar_type(), /*includeBool=*/true) && target.dim() == 1 &&
                          c10::isIntegralType(target.scalar_type(), /*includeBool=*/true) &&
                          target.size(0) == scores.size(0),
                      "ConfusionMatrix: found predictions of ", scores.scalar_type(), " and shape ", scores.sizes(),
                      ", targets of ", target.scalar_type(), " and shape ", target.sizes(),
                      ", expected integers and [N] of both; scores are [N, classes]");
    predicted = scores.to(at::kLong);
    right = target.to(scores.device(), at::kLong);
    check_classes("predictions", predicted, num_classes_);
    check_classes("targets", right, num_classes_);
  } else {
    TORCH_CHECK_VALUE(scores.dim() == 2 && scores.size(1) == num_classes_, "ConfusionMatrix: found scores of shape ",
                      scores.sizes(), ", expected [N, ", num_classes_, "]");
    right = detail::checked_target("ConfusionMatrix", scores, target);
    predicted = scores.argmax(1);
  }
  detail::prepare_state(counts_, scores.device());
  counts_.scatter_add_(0, right * num_classes_ + predicted, at::ones_like(predicted));
}

at::Tensor ConfusionMatrix::compute() const { return counts_.cpu().view({num_classes_, num_classes_}).clone(); }

void ConfusionMatrix::reduce(const ProcessGroup& group) { counts_ = detail::sum_over(group, counts_); }

}  // namespace torch_ext
