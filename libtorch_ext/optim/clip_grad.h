#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

/// Python's `torch.nn.utils.clip_grad`, with the same bits. Unlike LibTorch's, norms stay on their device, so that
/// nothing waits for a GPU, and a tensor that is listed twice (a tied weight in `module->parameters()`) counts once.
/// Parameters without a gradient are passed over.
namespace torch_ext {

struct ClipGradOptions {
  double norm_type = 2;             ///< 1, 2, …, or infinity
  bool error_if_nonfinite = false;  ///< whether nan and infinity throw a `c10::Error`; looking waits for the GPU
};

/// The norm of all `tensors` as if they were one vector, as a tensor of no dimension on the first one's device; 0 for
/// none. A tensor that is listed twice counts twice.
at::Tensor get_total_norm(const std::vector<at::Tensor>& tensors, ClipGradOptions options = {});

/// Scales the gradients by max_norm / (norm + 1e-6) where that is below 1. Returns the norm that they had.
///
///     const at::Tensor norm = tx::clip_grad_norm_(*model, 1.0);
at::Tensor clip_grad_norm_(const std::vector<at::Tensor>& parameters, double max_norm, ClipGradOptions options = {});
at::Tensor clip_grad_norm_(const torch::nn::Module& module, double max_norm, ClipGradOptions options = {});

/// The second half of `clip_grad_norm_`: scales by a norm that is known.
void clip_grads_with_norm_(const std::vector<at::Tensor>& parameters, double max_norm, const at::Tensor& total_norm);

/// Brings each element of the gradients into [-clip_value, clip_value].
void clip_grad_value_(const std::vector<at::Tensor>& parameters, double clip_value);
void clip_grad_value_(const torch::nn::Module& module, double clip_value);

struct AdaptiveClipOptions {
  double clip_factor = 0.01;  ///< the largest norm of a gradient relative to its weight's
  double eps = 1e-3;          ///< weights count as of at least this norm, so that those at 0 can leave it
  double norm_type = 2;
};

/// Clips each unit's gradient by the norm of its weight: adaptive gradient clipping (Brock et al., "High-performance
/// large-scale image recognition without normalization", 2021), with timm's numbers. A unit is a row of a weight
/// [out, …]; a vector is one unit. The paper leaves the classifier's last layer out.
void adaptive_clip_grad_(const std::vector<at::Tensor>& parameters, AdaptiveClipOptions options = {});
void adaptive_clip_grad_(const torch::nn::Module& module, AdaptiveClipOptions options = {});

}  // namespace torch_ext
