#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/device/gpu.h"

namespace torch_ext {

/// What NVML (`libnvidia-ml.so.1`, a part of NVIDIA's driver) knows of this machine.
struct NvmlGpus {
  /// In the order of nvidia-smi's numbers, whatever CUDA_VISIBLE_DEVICES says.
  std::vector<Gpu> gpus;
  /// Instances of those that are divided.
  std::vector<Gpu> migs;
  /// Why there are none: the library isn't there, or fails; empty where it answered.
  std::string problem;
};

/// Asks NVML, which doesn't initialise CUDA.
NvmlGpus nvml_gpus();

}  // namespace torch_ext
