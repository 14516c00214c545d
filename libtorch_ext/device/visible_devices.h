#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/device/gpu.h"

namespace torch_ext {

/// A device that isn't there, or a word that names none.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// A row of the table that says which of the machine's GPUs this process counts how.
struct VisibleGpu {
  Gpu gpu;
  std::optional<int> physical;  ///< its number in nvidia-smi; none for a MIG instance
  std::optional<int> visible;   ///< the n of cuda:n; none where the process doesn't see it
};

/// What of CUDA this process can see; made up in tests.
struct VisibleDevices {
  /// Number of CUDA devices that LibTorch can use, cuda:0 … cuda:count-1.
  int count = 0;
  /// The value of CUDA_VISIBLE_DEVICES, where it is set.
  std::optional<std::string> cuda_visible_devices;
  /// All GPUs of the machine, in nvidia-smi's order.
  std::vector<VisibleGpu> gpus;
  /// Why `gpus` is empty: "libnvidia-ml.so.1: cannot open shared object file"; else empty.
  std::string problem;
};

/// What LibTorch, NVIDIA's driver and the environment say; numbers of the two sides are matched by UUID, since CUDA
/// counts the fastest first unless CUDA_DEVICE_ORDER is PCI_BUS_ID. Initialises CUDA's driver where there is one.
VisibleDevices visible_devices();

/// In one line, as every `DeviceError` about a device ends: "visible: cuda:0 = GPU 3 (NVIDIA H100 PCIe, GPU-8932f937-…,
/// 78.9 of 79.6 GiB free) …; CUDA_VISIBLE_DEVICES="3, 4" hides GPU 0, 1, 2".
std::string describe(const VisibleDevices& visible);

/// Sets CUDA_VISIBLE_DEVICES for this process and those that it starts. CUDA reads the variable once, at its first use:
/// throws `DeviceError` where that has been, unless the value is the same.
void set_visible_devices(const std::string& value);

}  // namespace torch_ext
