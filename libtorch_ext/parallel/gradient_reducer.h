#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "libtorch_ext/parallel/process_group.h"

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// In which dtype gradients travel between the ranks.
enum class GradientCompression { kNone, kFloat16, kBFloat16 };

/// Python's arguments of the same names.
struct DistributedDataParallelOptions {
  /// Whether rank 0's buffers, such as BatchNorm's statistics, go to all before each forward.
  bool broadcast_buffers = true;
  /// Whether some parameters may have no part in a forward. Walks the graph of each output.
  bool find_unused_parameters = false;
  /// Whether gradients are views of the buckets that are sent: saves their memory once. LibTorch's
  /// `optimizer.zero_grad()` can't do with views; `tx::zero_grad(optimizer)` can.
  bool gradient_as_bucket_view = false;
  /// Whether every forward uses the same parameters in the same order; finds unused ones by itself.
  bool static_graph = false;
  /// Size of the buckets in which gradients are sent, in MiB; none: 25, and 1 for the first.
  std::optional<double> bucket_cap_mb;
  GradientCompression compression = GradientCompression::kNone;
};

struct JoinOptions {
  /// Whether gradients are always divided by the number of ranks, or by those that still have inputs.
  bool divide_by_initial_world_size = true;
  /// Whether the first rank that runs out of inputs ends it for all, with a `ProcessGroupError`.
  bool throw_on_early_termination = false;
};

/// Keeps a module's gradients and buffers the same on all ranks, by LibTorch's own `c10d::Reducer`: what
/// `DistributedDataParallel` does, without the module wrapper. Gradients are averaged bucket by bucket while backward
/// is still running.
class GradientReducer {
 public:
  /// Sends rank 0's parameters and buffers to all. Throws where the module has nothing to train, lies on devices of
  /// several kinds, or has other shapes than the other ranks'.
  GradientReducer(std::shared_ptr<torch::nn::Module> module, ProcessGroup group,
                  const DistributedDataParallelOptions& options);
  ~GradientReducer();

  /// Before a forward. Notices parameters that were replaced since the last one, which would else be trained alone.
  void before_forward();
  /// After it, with the tensors that it put out; returns what to hand on in their place.
  std::vector<at::Tensor> after_forward(std::vector<at::Tensor> outputs);

  /// Whether backward averages the gradients; else they add up on each rank.
  bool require_backward_grad_sync() const;
  void set_require_backward_grad_sync(bool require);

  /// Runs `loop`, in which this rank may go forward and backward fewer times than others; then takes part in what they
  /// still do, and ends with the model of the rank that went furthest.
  void join(const std::function<void()>& loop, const JoinOptions& options);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace torch_ext
