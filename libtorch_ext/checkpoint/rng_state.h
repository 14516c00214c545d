#pragma once

#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch_ext {

/// The states of LibTorch's default generators: `{"cpu": torch.get_rng_state(), "cuda": [one per device]}`.
/// Python sets them by `torch.set_rng_state` and `torch.cuda.set_rng_state_all`.
Value rng_state(TensorWriter& writer);

/// Puts the default generators where they were; leaves alone what `state` doesn't name and devices that aren't here.
void set_rng_state(const Value& state);

}  // namespace torch_ext
