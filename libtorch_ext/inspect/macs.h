#pragma once

#include <ATen/record_function.h>

#include <cstdint>

namespace torch_ext::detail {

/// The multiplications with addition of one of LibTorch's operations, by the formulas of `torch/utils/flop_counter.py`
/// (whose flops are twice as many); 0 for those that aren't counted there.
int64_t macs_of(const at::RecordFunction& operation);

/// Whether `macs_of` has a formula for it: what such an operation calls isn't counted again.
bool has_macs(const at::RecordFunction& operation);

}  // namespace torch_ext::detail
