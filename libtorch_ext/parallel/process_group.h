#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/parallel/error.h"

namespace torch_ext {

/// What the ranks' values become.
enum class ReduceOp { kSum, kMean, kMin, kMax, kProduct };

/// The processes of one training, as this process sees them. A value that is copied freely; the connections close with
/// the last copy.
///
/// Collectives are called by every rank, in the same order, with tensors of the same shape and dtype. Each throws
/// `ProcessGroupError` where a rank is gone or didn't come within the timeout. In a group of one they do nothing.
class ProcessGroup {
 public:
  /// A group of one.
  ProcessGroup();

  int rank() const;        ///< this process, from 0
  int size() const;        ///< how many there are
  int local_rank() const;  ///< this process, of those on its machine

  /// Where tensors of one's own making may lie: the CPU, or this process's GPU where the backend carries no others.
  c10::Device device() const;

  /// Overwrites `tensor` with what the ranks' tensors come to.
  void all_reduce(const at::Tensor& tensor, ReduceOp op = ReduceOp::kSum) const;
  /// Overwrites `tensor` with rank `source`'s.
  void broadcast(const at::Tensor& tensor, int source = 0) const;
  /// The same for many tensors, in few messages.
  void broadcast(const std::vector<at::Tensor>& tensors, int source = 0) const;
  /// Rank `source`'s text.
  std::string broadcast(const std::string& text, int source = 0) const;
  /// Every rank's tensor, by rank.
  std::vector<at::Tensor> all_gather(const at::Tensor& tensor) const;
  /// Returns when every rank has called it.
  void barrier() const;

  /// LibTorch's own group and store behind it, for what this class lacks; `parallel/c10d.h` says what is in there.
  struct State;
  const State& state() const { return *state_; }

  explicit ProcessGroup(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<const State> state_;
};

struct ProcessGroupOptions {
  /// What carries the tensors: `"gloo"`, `"nccl"`, or `"auto"`: NCCL for CUDA tensors where this build has it, Gloo for
  /// the others, as Python's default.
  std::string backend = "auto";
  /// After which a rank gives up waiting for the others, when joining and in each collective.
  std::chrono::milliseconds timeout = std::chrono::minutes(30);
};

/// Joins the group that a launcher such as torchrun describes by environment variables (see `LauncherEnvironment`), or
/// makes a group of one where there is no launcher. C++ and Python ranks can be in one group: the stores' keys are
/// those of `torch.distributed.init_process_group`.
///
/// Under torchrun's restarts on one machine, each attempt has keys of its own, which Python lacks. On several machines,
/// restarts need TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1.
///
/// Throws `ProcessGroupError` where variables are wrong, or the others don't come within the timeout.
ProcessGroup init_process_group(const ProcessGroupOptions& options = {});

}  // namespace torch_ext
