#pragma once

#include <c10/core/Device.h>

#include <optional>
#include <string>

#include "libtorch_ext/core/error.h"

namespace torch_ext {

/// A device that isn't there, or a word that names none.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// What of CUDA this process can see; made up in tests.
struct VisibleDevices {
  /// Number of CUDA devices, cuda:0 … cuda:count-1.
  int count = 0;
  /// The value of CUDA_VISIBLE_DEVICES, where it is set.
  std::optional<std::string> cuda_visible_devices;
};

/// What LibTorch and the environment say. Initialises CUDA's driver where there is one.
VisibleDevices visible_devices();

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

/// `"auto"` is cuda:0 where there is one, else the CPU; `"cuda"` is cuda:0; `"cuda:n"` and `"cpu"` are what they
/// say, counted among the visible devices as PyTorch does. Throws `DeviceError` that shows what is visible.
///
///     model->to(tx::pick_device("auto"));
DeviceChoice pick_device(const std::string& spec, const VisibleDevices& visible = visible_devices());

}  // namespace torch_ext
