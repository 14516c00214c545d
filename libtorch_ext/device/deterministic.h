#pragma once

#include <cstdint>

namespace torch_ext {

/// Seeds the random numbers of the CPU and of every GPU, and the C library's `rand`: Python's `torch.manual_seed(seed)`
/// and more. The library's loaders, samplers and transforms have seeds of their own.
void seed_everything(uint64_t seed);

struct DeterministicOptions {
  bool warn_only = false;  ///< whether an operation that has no deterministic kernel warns instead of throwing
};

/// Makes every run give the same bits on the same machine, or stops doing so: `torch.use_deterministic_algorithms`,
/// `cudnn.deterministic` on and `cudnn.benchmark` off. Switched on, it also sets CUBLAS_WORKSPACE_CONFIG=:4096:8 for
/// this process, unless it is set; cuBLAS reads that at its first use, so call this before anything runs on a GPU.
///
/// Operations that have no deterministic kernel then throw, naming themselves. Off: `cudnn.benchmark` stays as it is.
void set_deterministic(bool on, DeterministicOptions options = {});

/// Whether it is on.
bool is_deterministic();

}  // namespace torch_ext
