#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include <string>
#include <utility>

#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// BatchNorm whose mean and variance are of the batches of all ranks: Python's `SyncBatchNorm`, and on the CPU, too,
/// which Python's refuses. For inputs of any number of dimensions, [N, C, …]. In eval mode, and in a group of one, it
/// is LibTorch's BatchNorm. Every rank must call it as often, forward and backward.
///
///     tx::SyncBatchNorm(torch::nn::BatchNormOptions(64), group)
class SyncBatchNormImpl : public torch::nn::BatchNormImplBase<0, SyncBatchNormImpl>, public ExtraRepr {
 public:
  SyncBatchNormImpl(const torch::nn::BatchNormOptions& options, ProcessGroup group)
      : BatchNormImplBase(options), group_(std::move(group)) {}

  /// Shares the tensors of a BatchNorm.
  template <size_t D, typename Norm>
  SyncBatchNormImpl(const torch::nn::BatchNormImplBase<D, Norm>& norm, ProcessGroup group)
      : SyncBatchNormImpl(norm.options, std::move(group)) {
    if (options.affine()) {
      parameters_["weight"] = weight = norm.weight;
      parameters_["bias"] = bias = norm.bias;
    }
    if (options.track_running_stats()) {
      running_mean.set_data(norm.running_mean);
      running_var.set_data(norm.running_var);
      num_batches_tracked.set_data(norm.num_batches_tracked);
    }
  }

  /// [N, C, …] to the same shape. Throws a `c10::ValueError` for fewer than two dimensions.
  torch::Tensor forward(const torch::Tensor& input);
  std::string extra_repr() const override;

 protected:
  void _check_input_dim(const torch::Tensor& input) override;

 private:
  double count_batch();

  ProcessGroup group_;
};
TORCH_MODULE(SyncBatchNorm);

/// Puts a `SyncBatchNorm`, with the same tensors, in the place of each BatchNorm that lies in a container: Python's
/// `convert_sync_batchnorm`. Returns how many. A member of a C++ class can't be made one of another type: throws a
/// `c10::ValueError` with the path of a BatchNorm that isn't in a container, before anything is changed.
int64_t convert_sync_batchnorm(torch::nn::Module& root, const ProcessGroup& group);

}  // namespace torch_ext
