#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/GradMode.h>

#include <functional>
#include <optional>
#include <type_traits>
#include <vector>

#include "libtorch_ext/nn/call_model.h"

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// While it lives, the BatchNorm layers of a module gather the mean over all batches instead of a moving average, from
/// scratch, and the module is in training mode. At its end their momenta and the mode are as before; the statistics
/// stay.
class GatherBatchNormStatistics {
 public:
  explicit GatherBatchNormStatistics(torch::nn::Module& module);
  ~GatherBatchNormStatistics();
  GatherBatchNormStatistics(const GatherBatchNormStatistics&) = delete;
  GatherBatchNormStatistics& operator=(const GatherBatchNormStatistics&) = delete;

  /// Whether there are any such layers.
  bool any() const { return !restore_.empty(); }

 private:
  torch::nn::Module& module_;
  bool was_training_;
  std::vector<std::function<void()>> restore_;
};

/// Computes the running statistics of BatchNorm anew by one pass over `loader`, for weights that were averaged:
/// Python's `torch.optim.swa_utils.update_bn`. Takes any module holder or `TensorModule`, and anything that can be
/// looped over whose elements are tensors or batches. Without BatchNorm layers nothing is read.
///
///     averaged.copy_to(*model);
///     tx::update_bn(*loader, model, device);
template <typename Loader, typename Model>
void update_bn(Loader&& loader, Model& model, std::optional<at::Device> device = std::nullopt) {
  const c10::NoGradGuard no_grad;
  const GatherBatchNormStatistics gathering(*model.ptr());
  if (!gathering.any()) return;
  for (const auto& element : loader) {
    at::Tensor data;
    if constexpr (std::is_convertible_v<decltype(element), at::Tensor>) {
      data = element;
    } else {
      data = element.data;
    }
    call_model(model, device ? data.to(*device) : data);
  }
}

}  // namespace torch_ext
