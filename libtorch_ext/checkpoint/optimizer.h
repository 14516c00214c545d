#pragma once

#include <vector>

#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// What Python's `optimizer.state_dict()` returns, so that the optimizer of the same name loads it in either
/// language: `{"state": {0: {"momentum_buffer": …}, …}, "param_groups": [{"lr": …, "params": [0, 1, …]}]}`.
///
/// Knows SGD and AdamW; throws `CheckpointError` for others. `initial_lrs`, one per group, become the groups'
/// "initial_lr", which Python's schedulers read; pass `LRScheduler::base_lrs()` where there is a schedule.
Value optimizer_state_dict(const torch::optim::Optimizer& optimizer, TensorWriter& writer,
                           const std::vector<double>& initial_lrs = {});

/// Sets state and options from what Python's or our `optimizer_state_dict` saved. The state goes to each
/// parameter's device and dtype. Throws `CheckpointError` that names `file` when groups, parameters or shapes
/// don't fit; the optimizer is unchanged then.
void load_optimizer_state_dict(torch::optim::Optimizer& optimizer, const Value& state, const std::string& file = "");

}  // namespace torch_ext
