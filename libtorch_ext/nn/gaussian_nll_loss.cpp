#include "libtorch_ext/nn/gaussian_nll_loss.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <numbers>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {
namespace {

// Whether all dimensions agree but one, which is 1 in one of the two.
bool differs_by_a_one(at::IntArrayRef input, at::IntArrayRef variance) {
  int64_t sum = 0;
  for (size_t i = 0; i < input.size() && input.size() == variance.size(); ++i) {
    if (input[i] != variance[i]) sum += variance[i];
  }
  return sum == 1;
}

}  // namespace

torch::Tensor GaussianNLLLossImpl::forward(const torch::Tensor& input, const torch::Tensor& target,
                                           const torch::Tensor& variance) {
  const auto run = [this](const auto&... tensors) { return loss(tensors...); };
  return observed(*this, run, input, target, variance);
}

torch::Tensor GaussianNLLLossImpl::loss(const torch::Tensor& input, const torch::Tensor& target,
                                        torch::Tensor variance) const {
  TORCH_CHECK_VALUE(!variance.lt(0).any().item<bool>(), "GaussianNLLLoss: found a variance below 0");
  if (variance.sizes() != input.sizes()) {
    const bool lacks_last =
        input.dim() > 0 && input.sizes().slice(0, static_cast<size_t>(input.dim() - 1)) == variance.sizes();
    TORCH_CHECK_VALUE(lacks_last || differs_by_a_one(input.sizes(), variance.sizes()), "GaussianNLLLoss: variance is ",
                      variance.sizes(), " and input ", input.sizes(),
                      "; expected the same, no last dimension, or one of 1");
    if (lacks_last) variance = variance.unsqueeze(-1);
  }
  variance = variance.clone();
  {
    const at::NoGradGuard no_grad;
    variance.clamp_min_(options.eps);
  }
  torch::Tensor loss = at::log(variance).add(input.sub(target).pow(2).div(variance)).mul(0.5);
  if (options.full) loss.add_(0.5 * std::log(2 * std::numbers::pi));
  switch (options.reduction) {
    case LossReduction::kMean:
      return loss.mean();
    case LossReduction::kSum:
      return loss.sum();
    default:
      return loss;
  }
}

}  // namespace torch_ext
