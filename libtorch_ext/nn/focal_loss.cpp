#include "libtorch_ext/nn/focal_loss.h"

#include <ATen/ATen.h>

namespace torch_ext {
namespace {

at::Tensor focal_reduced(const at::Tensor& loss, LossReduction reduction) {
  switch (reduction) {
    case LossReduction::kNone:
      return loss;
    case LossReduction::kMean:
      return loss.mean();
    case LossReduction::kSum:
      return loss.sum();
  }
  return loss;
}

}  // namespace

at::Tensor sigmoid_focal_loss(const at::Tensor& inputs, const at::Tensor& targets, SigmoidFocalLossOptions options) {
  const double alpha = options.alpha;
  TORCH_CHECK_VALUE((alpha >= 0 && alpha <= 1) || alpha == -1, "sigmoid_focal_loss: found alpha = ", alpha,
                    ", expected a number from 0 to 1, or -1 for no weights");
  const at::Tensor p = at::sigmoid(inputs);
  const at::Tensor entropy = at::binary_cross_entropy_with_logits(inputs, targets, {}, {}, at::Reduction::None);
  const at::Tensor p_right = p * targets + (1 - p) * (1 - targets);
  at::Tensor loss = entropy * (1 - p_right).pow(options.gamma);
  if (alpha >= 0) loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss;
  return focal_reduced(loss, options.reduction);
}

at::Tensor softmax_focal_loss(const at::Tensor& inputs, const at::Tensor& targets, SoftmaxFocalLossOptions options) {
  const at::Tensor log_p = at::log_softmax(inputs, inputs.dim() > 1 ? 1 : 0);
  const auto entropy = [&](const at::Tensor& weight) {
    return at::nll_loss_nd(log_p, targets, weight, at::Reduction::None, options.ignore_index);
  };
  const at::Tensor right = entropy({});  // -log(p)
  at::Tensor loss = options.weight.defined() ? entropy(options.weight) : right;
  loss = (1 - at::exp(-right)).pow(options.gamma) * loss;
  if (options.reduction == LossReduction::kMean) return loss.sum() / targets.ne(options.ignore_index).sum();
  return focal_reduced(loss, options.reduction);
}

}  // namespace torch_ext
