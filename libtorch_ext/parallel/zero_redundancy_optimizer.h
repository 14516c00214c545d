#pragma once

#include <torch/optim/optimizer.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// Makes the optimizer of the parameters that it is given.
using MakeOptimizer =
    std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<torch::optim::OptimizerParamGroup>)>;

/// Any LibTorch optimizer, its state dealt out over the ranks: each steps its part of the parameters, and sends them to
/// the others. Weights come out as from the whole optimizer on every rank, for a part of its memory. Gradients must be
/// the same on all ranks, as `DistributedDataParallel` leaves them. Who steps what is as in Python's class.
///
/// ```cpp
/// tx::ZeroRedundancyOptimizer optimizer(
///     {tx::parameters(*model)}, [](auto groups) { return std::make_unique<tx::AdamW>(std::move(groups)); }, group);
/// ```
///
/// Source: S. Rajbhandari et al., ZeRO: Memory Optimizations Toward Training Trillion Parameter Models, 2020, stage 1.
class ZeroRedundancyOptimizer {
 public:
  ZeroRedundancyOptimizer(std::vector<torch::optim::OptimizerParamGroup> groups, const MakeOptimizer& make,
                          ProcessGroup group);

  void step();
  void zero_grad(bool set_to_none = true);

  /// This rank's part. It has all groups, each with the parameters that this rank steps: hand it to an `LRScheduler`.
  torch::optim::Optimizer& local() { return *local_; }

  /// The whole optimizer's state in Python's layout (see `optimizer_state_dict`), put together on rank `to`; None on
  /// the others. Called by every rank.
  Value state_dict(TensorWriter& writer, int to = 0) const;
  /// Takes this rank's part of a whole optimizer's state, saved by `state_dict` of any number of ranks, by
  /// `optimizer_state_dict` or by Python. As `load_optimizer_state_dict`.
  void load_state_dict(const Value& state, const std::string& file = "");

 private:
  std::vector<torch::optim::OptimizerParamGroup> groups_;  ///< all parameters
  ProcessGroup group_;
  std::vector<std::vector<at::Tensor>> by_rank_;  ///< what each steps
  std::vector<int> owners_;                       ///< of each parameter, by its number in Python's layout
  std::vector<std::vector<int64_t>> numbers_;     ///< of this rank's parameters, by group
  std::unique_ptr<torch::optim::Optimizer> local_;
};

}  // namespace torch_ext
