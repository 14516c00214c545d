#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libtorch_ext/device/driver_devices.h"

namespace torch_ext {

/// The visible GPUs that have so much memory free, the freest first; of equal ones the lower number of cuda:n first.
std::vector<VisibleGpu> freest_gpus(const VisibleDevices& visible, int64_t min_free_bytes = 0);

/// The value of CUDA_VISIBLE_DEVICES that shows a process of this environment some of the visible `gpus` alone, in that
/// order: "3,1". Numbers as CUDA counts all GPUs, in the order that the environment's CUDA_DEVICE_ORDER asks for; UUIDs
/// where the environment's own value has them, and on a machine with MIG instances, which have no number.
///
///     const auto visible = tx::driver_devices();
///     setenv("CUDA_VISIBLE_DEVICES", tx::visible_value({tx::freest_gpus(visible).at(0)}, visible).c_str(), 1);
std::string visible_value(const std::vector<VisibleGpu>& gpus, const VisibleDevices& visible);

}  // namespace torch_ext
