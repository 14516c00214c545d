#pragma once

#include <torch/optim/adamw.h>

#include <vector>

namespace torch_ext {

/// AdamW (Loshchilov and Hutter, Decoupled Weight Decay Regularization) with the arithmetic of Python's
/// `torch.optim.AdamW`, operation by operation: the same weights to the last bit. `torch::optim::AdamW` drifts
/// from Python by an ulp or so a step, because it updates the first moment by `mul` and `add` instead of `lerp`.
///
/// Options and state are LibTorch's own (`torch::optim::AdamWOptions`), so it takes the place of that class.
/// Python's defaults; sparse gradients are refused.
class AdamW : public torch::optim::Optimizer {
 public:
  explicit AdamW(std::vector<torch::optim::OptimizerParamGroup> groups, torch::optim::AdamWOptions defaults = {});
  explicit AdamW(std::vector<at::Tensor> parameters, torch::optim::AdamWOptions defaults = {});

  at::Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace torch_ext
