#pragma once

#include <string>

#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch_ext {

/// The states of LibTorch's default generators: `{"cpu": torch.get_rng_state(), "cuda": [one per device]}`.
/// Python sets them by `torch.set_rng_state` and `torch.cuda.set_rng_state_all`.
Value rng_state(TensorWriter& writer);

/// Puts the default generators where they were; leaves alone what `state` doesn't name and devices that aren't here.
/// `state` is what `rng_state` returned, or Python's `torch.get_rng_state()` itself, for the CPU. Throws
/// `CheckpointError` that names `file` for what is no generator's state.
void set_rng_state(const Value& state, const std::string& file = "");

}  // namespace torch_ext
