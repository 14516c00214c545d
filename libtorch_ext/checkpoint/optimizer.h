#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// What Python's parameter groups hold and LibTorch's have no place for.
struct GroupExtras {
  /// Python's "initial_lr", one per group, which its schedulers start from. Empty: those of the optimizer's schedules,
  /// if it has any.
  std::vector<double> initial_lrs;
  /// Python's "param_names", for each group the names of its parameters. Empty: the groups have none.
  std::vector<std::vector<std::string>> param_names;
};

/// What Python's `optimizer.state_dict()` returns, so that the optimizer of the same name loads it in either
/// language: `{"state": {0: {"momentum_buffer": …}, …}, "param_groups": [{"lr": …, "params": [0, 1, …]}]}`.
///
/// Where the optimizer has schedules, the groups hold what they keep there in Python (see `GroupValues`).
///
/// Knows this library's optimizers and LibTorch's; throws `CheckpointError` for others whose options are no
/// `DescribedOptions`, and where `extras` has not as many entries as there are groups and parameters.
Value optimizer_state_dict(const torch::optim::Optimizer& optimizer, TensorWriter& writer,
                           const GroupExtras& extras = {});

/// What `load_optimizer_state_dict` found beside the state.
struct OptimizerReport {
  /// The options that were other ones before, as in "optimizer.param_groups.0.lr: 0.1 became 0.05". As in Python, the
  /// file wins over what the program had set.
  std::vector<std::string> changed;
  /// To be handed to the next `optimizer_state_dict`. What only some of the groups have is left out.
  GroupExtras extras;
};

/// Sets state and options, and what the optimizer's schedules keep in its groups, from what Python's or our
/// `optimizer_state_dict` saved. The state goes to each parameter's device and dtype, as in Python. Also takes what
/// Python saved under `foreach`, `fused`, `capturable` or `differentiable`, which change nothing in the result but its
/// last bits.
///
/// Throws `CheckpointError` that names `file` and lists **every** misfit: of groups, parameters and shapes, a missing
/// entry, an option that LibTorch's optimizer hasn't (`maximize`). The optimizer is unchanged then.
OptimizerReport load_optimizer_state_dict(torch::optim::Optimizer& optimizer, const Value& state,
                                          const std::string& file = "");

}  // namespace torch_ext
