#include "libtorch_ext/device/pick_device.h"

#include "libtorch_ext/device/pick_gpus.h"

namespace torch_ext {
namespace {

// The n of "cuda:n"; 0 for "cuda"; nothing for other words.
std::optional<int> cuda_index(const std::string& spec) {
  if (spec == "cuda") return 0;
  if (spec.compare(0, 5, "cuda:") != 0) return std::nullopt;
  const std::string digits = spec.substr(5);
  if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoi(digits);
}

c10::Device cuda(int index) { return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)); }

}  // namespace

bool is_device_spec(const std::string& spec) { return spec == "auto" || spec == "cpu" || cuda_index(spec); }

DeviceChoice pick_device(const std::string& spec, const VisibleDevices& visible) {
  if (!is_device_spec(spec)) {
    throw DeviceError("device: found \"" + spec + "\", expected " + kDeviceSpecs);
  }
  if (spec == "cpu") return {};
  if (spec == "auto") {
    if (visible.count == 0) return {.reason = describe(visible) + ": using the CPU"};
    const auto gpus = freest_gpus(visible);
    return {.device = cuda(gpus.empty() ? 0 : *gpus.front().visible)};
  }
  const int index = *cuda_index(spec);
  if (index >= visible.count) {
    throw DeviceError("device: found \"" + spec + "\", but " + describe(visible) +
                      "; devices are counted among the visible ones, from 0" +
                      (visible.count == 0 ? "; use \"auto\" or \"cpu\"" : ""));
  }
  return {.device = cuda(index)};
}

DevicesChoice pick_devices(const PickDevicesOptions& options, const VisibleDevices& visible) {
  if (options.count < 1) {
    throw DeviceError("pick_devices: found count " + std::to_string(options.count) + ", expected 1 or more");
  }
  if (visible.count == 0) return {{c10::kCPU}, describe(visible) + ": using the CPU"};
  if (visible.gpus.empty()) {
    return {{c10::kCPU}, "the GPUs' free memory isn't known (" + visible.problem + "): using the CPU"};
  }
  const auto gpus = freest_gpus(visible, options.min_free_bytes);
  if (gpus.size() < static_cast<size_t>(options.count)) {
    throw DeviceError("pick_devices: found " + std::to_string(gpus.size()) + " GPUs with " +
                      std::to_string(options.min_free_bytes) + " bytes free, expected " +
                      std::to_string(options.count) + "; " + describe(visible));
  }
  DevicesChoice choice;
  for (int i = 0; i < options.count; ++i) choice.devices.push_back(cuda(*gpus[static_cast<size_t>(i)].visible));
  return choice;
}

}  // namespace torch_ext
