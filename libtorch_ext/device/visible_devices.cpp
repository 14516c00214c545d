#include "libtorch_ext/device/visible_devices.h"

#include <torch/cuda.h>

#include <cstdlib>

#include "libtorch_ext/device/cuda_driver.h"

namespace torch_ext {

VisibleDevices visible_devices() {
  VisibleDevices visible = driver_devices();
  visible.count = static_cast<int>(torch::cuda::device_count());
  return visible;
}

void set_visible_devices(const std::string& value) {
  constexpr const char* kVariable = "CUDA_VISIBLE_DEVICES";
  const char* before = std::getenv(kVariable);
  if (before && before == value) return;
  if (cuda_is_initialised()) {
    throw DeviceError(std::string(kVariable) + ": found CUDA in use already, with " +
                      (before ? "\"" + std::string(before) + "\"" : "the variable not set") + ", expected to set \"" +
                      value + "\" before its first use; set it at the start of the program or in its environment");
  }
  setenv(kVariable, value.c_str(), 1);
}

}  // namespace torch_ext
