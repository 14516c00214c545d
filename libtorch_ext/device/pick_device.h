#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libtorch_ext/device/visible_devices.h"

namespace torch_ext {

/// The device that was chosen, and why. Converts to `c10::Device`.
struct DeviceChoice {
  c10::Device device = c10::kCPU;
  /// One line for the user where the choice wasn't theirs: "no CUDA device is visible: using the CPU". Else empty.
  std::string reason;

  operator c10::Device() const { return device; }
};

/// The words that `pick_device` knows, for error messages.
inline constexpr const char* kDeviceSpecs = "\"auto\", \"cpu\", \"cuda\" or \"cuda:n\"";

/// Whether `spec` is one of them, whatever devices there are.
bool is_device_spec(const std::string& spec);

/// `"auto"` is the visible device with the most free memory (cuda:0 where that isn't known), the CPU where there is
/// none; `"cuda"` is cuda:0; `"cuda:n"` and `"cpu"` are what they say, counted among the visible devices as PyTorch
/// does. Throws `DeviceError` that shows what is visible.
///
///     model->to(tx::pick_device("auto"));
DeviceChoice pick_device(const std::string& spec, const VisibleDevices& visible = visible_devices());

struct PickDevicesOptions {
  int count = 1;               ///< how many, from 1
  int64_t min_free_bytes = 0;  ///< memory that each must have free
};

/// Devices, and why they are no GPUs.
struct DevicesChoice {
  std::vector<c10::Device> devices;
  std::string reason;
};

/// The visible devices with the most free memory, the most first. The CPU, with the reason, where there is no GPU or
/// NVML can't tell what is free. Throws `DeviceError` where there are GPUs, but fewer that fit than asked for.
DevicesChoice pick_devices(const PickDevicesOptions& options, const VisibleDevices& visible = visible_devices());

}  // namespace torch_ext
