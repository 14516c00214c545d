#pragma once

#include <torch/cuda.h>

#include "tests/support/catch.h"

/// Ends a test that needs so many GPUs, saying why, where fewer are visible. Its tags have `[cuda]` in them, or `[nccl]`.
#define TORCH_EXT_NEEDS_GPUS(count)                                                                                 \
  do {                                                                                                              \
    const int visible_gpus = static_cast<int>(torch::cuda::device_count());                                        \
    if (visible_gpus < (count)) SKIP("needs " << (count) << " GPUs, " << visible_gpus << " are visible");          \
  } while (false)
