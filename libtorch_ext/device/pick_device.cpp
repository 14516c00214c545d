#include "libtorch_ext/device/pick_device.h"

#include <torch/cuda.h>

#include <cstdlib>

namespace torch_ext {
namespace {

std::string description(const VisibleDevices& visible) {
  const std::string variable = visible.cuda_visible_devices
                                   ? "CUDA_VISIBLE_DEVICES=\"" + *visible.cuda_visible_devices + "\""
                                   : "CUDA_VISIBLE_DEVICES is not set";
  if (visible.count == 0) return "no CUDA device is visible (" + variable + ")";
  const std::string last = visible.count > 1 ? " to cuda:" + std::to_string(visible.count - 1) : "";
  return "visible: cuda:0" + last + " (" + variable + ")";
}

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

}  // namespace

VisibleDevices visible_devices() {
  VisibleDevices visible;
  visible.count = static_cast<int>(torch::cuda::device_count());
  if (const char* value = std::getenv("CUDA_VISIBLE_DEVICES")) visible.cuda_visible_devices = value;
  return visible;
}

bool is_device_spec(const std::string& spec) { return spec == "auto" || spec == "cpu" || cuda_index(spec); }

DeviceChoice pick_device(const std::string& spec, const VisibleDevices& visible) {
  if (!is_device_spec(spec)) {
    throw DeviceError("device: found \"" + spec + "\", expected " + kDeviceSpecs);
  }
  if (spec == "cpu") return {};
  if (spec == "auto" && visible.count == 0) return {.reason = description(visible) + ": using the CPU"};
  const int index = cuda_index(spec).value_or(0);
  if (index >= visible.count) {
    throw DeviceError("device: found \"" + spec + "\", but " + description(visible) +
                      "; devices are counted among the visible ones, from 0" +
                      (visible.count == 0 ? "; use \"auto\" or \"cpu\"" : ""));
  }
  return {.device = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index))};
}

}  // namespace torch_ext
