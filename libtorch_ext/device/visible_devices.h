#pragma once

#include <string>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/device/driver_devices.h"

namespace torch_ext {

/// A device that isn't there, or a word that names none.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// `driver_devices()`, of which LibTorch can use `count`: none in a LibTorch without CUDA.
VisibleDevices visible_devices();

/// Sets CUDA_VISIBLE_DEVICES for this process and those that it starts. CUDA reads the variable once, at its first use:
/// throws `DeviceError` where that has been, unless the value is the same.
void set_visible_devices(const std::string& value);

}  // namespace torch_ext
