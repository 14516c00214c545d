#include "libtorch_ext/parallel/data_parallel_devices.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/cuda.h>

#include <algorithm>

#include "libtorch_ext/device/visible_devices.h"
#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

int count_of(c10::DeviceType type) {
  if (type == c10::kCUDA) return static_cast<int>(torch::cuda::device_count());
  return c10::impl::hasDeviceGuardImpl(type) ? c10::impl::VirtualGuardImpl(type).deviceCount() : 0;
}

DeviceError bad_id(const char* what, int id, const std::string& why, c10::DeviceType type, int count) {
  return DeviceError(std::string(what) + ": found " + std::to_string(id) + ", " + why + "; " +
                     (type == c10::kCUDA ? describe(visible_devices()) + "; devices are counted among the visible ones"
                                         : "there are " + std::to_string(count) + " devices"));
}

}  // namespace

std::vector<c10::Device> data_parallel_devices(const DataParallelOptions& options) {
  const int count = count_of(options.device_type);
  std::vector<c10::Device> devices;
  if (count == 0) return devices;
  auto ids = options.device_ids;
  if (ids.empty()) {
    for (int id = 0; id < count; ++id) ids.push_back(id);
  }
  for (const int id : ids) {
    const c10::Device device(options.device_type, static_cast<c10::DeviceIndex>(id));
    if (id < 0 || id >= count) throw bad_id("device_ids", id, "which is no visible device", options.device_type, count);
    if (std::find(devices.begin(), devices.end(), device) != devices.end()) {
      throw bad_id("device_ids", id, "for the second time", options.device_type, count);
    }
    devices.push_back(device);
  }
  return devices;
}

c10::Device data_parallel_output(const DataParallelOptions& options, const std::vector<c10::Device>& devices) {
  if (devices.empty() || options.output_device == -1) return c10::kCPU;
  if (!options.output_device) return devices[0];
  const int count = count_of(options.device_type);
  if (*options.output_device < 0 || *options.output_device >= count) {
    throw bad_id("output_device", *options.output_device, "which is no visible device", options.device_type, count);
  }
  return {options.device_type, static_cast<c10::DeviceIndex>(*options.output_device)};
}

void check_all_on(const torch::nn::Module& module, c10::Device device) {
  auto check = [&](const at::Tensor& tensor) {
    if (tensor.device() == device) return;
    throw DeviceError("module must have its parameters and buffers on device " + device.str() +
                      " (device_ids[0]) but found one of them on device: " + tensor.device().str());
  };
  for (const auto& parameter : parameters(module)) check(parameter);
  for (const auto& buffer : buffers(module)) check(buffer);
}

}  // namespace torch_ext
