#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/device/gpu.h"

namespace torch_ext {

/// A row of the table that says which of the machine's GPUs this process counts how.
struct VisibleGpu {
  Gpu gpu;
  std::optional<int> physical;  ///< its number in nvidia-smi; none for a MIG instance
  std::optional<int> visible;   ///< the n of cuda:n; none where the process doesn't see it
};

/// What of CUDA this process can see; made up in tests.
struct VisibleDevices {
  /// Number of CUDA devices that can be used, cuda:0 … cuda:count-1.
  int count = 0;
  /// The value of CUDA_VISIBLE_DEVICES, where it is set.
  std::optional<std::string> cuda_visible_devices;
  /// All GPUs of the machine, in nvidia-smi's order.
  std::vector<VisibleGpu> gpus;
  /// Why `gpus` is empty: "libnvidia-ml.so.1: cannot open shared object file"; else empty.
  std::string problem;
};

/// What NVIDIA's driver and the environment say, without a LibTorch library; numbers of the two sides are matched by
/// UUID, since CUDA counts the fastest first unless CUDA_DEVICE_ORDER is PCI_BUS_ID. Initialises CUDA's driver where
/// there is one.
VisibleDevices driver_devices();

/// In one line, as every `DeviceError` about a device ends: "visible: cuda:0 = GPU 3 (NVIDIA H100 PCIe, GPU-8932f937-…,
/// 78.9 of 79.6 GiB free) …; CUDA_VISIBLE_DEVICES="3, 4" hides GPU 0, 1, 2".
std::string describe(const VisibleDevices& visible);

}  // namespace torch_ext
