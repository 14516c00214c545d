#include "libtorch_ext/device/driver_devices.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "libtorch_ext/device/cuda_driver.h"
#include "libtorch_ext/device/nvml.h"

namespace torch_ext {
namespace {

constexpr const char* kVariable = "CUDA_VISIBLE_DEVICES";

std::optional<std::string> environment_value() {
  const char* value = std::getenv(kVariable);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

// "GPU-" and "MIG-" are nvidia-smi's; the driver gives the number alone.
std::optional<int> position(const std::vector<std::string>& uuids, const std::string& uuid) {
  if (uuid.size() <= 4) return std::nullopt;
  const auto found = std::find(uuids.begin(), uuids.end(), uuid.substr(4));
  return found == uuids.end() ? std::nullopt : std::optional(static_cast<int>(found - uuids.begin()));
}

std::string gpu_words(const VisibleGpu& row) {
  char memory[64];
  constexpr double kGiB = 1 << 30;
  std::snprintf(memory, sizeof(memory), "%.1f of %.1f GiB free", static_cast<double>(row.gpu.free_bytes) / kGiB,
                static_cast<double>(row.gpu.total_bytes) / kGiB);
  return (row.physical ? "GPU " + std::to_string(*row.physical) : "a MIG instance") + " (" + row.gpu.name + ", " +
         row.gpu.uuid + ", " + memory + ")";
}

std::string variable_words(const VisibleDevices& visible) {
  return visible.cuda_visible_devices ? kVariable + ("=\"" + *visible.cuda_visible_devices + "\"")
                                      : std::string(kVariable) + " is not set";
}

std::string hidden_numbers(const VisibleDevices& visible) {
  std::string numbers;
  for (const auto& row : visible.gpus) {
    if (row.physical && !row.visible) numbers += (numbers.empty() ? "" : ", ") + std::to_string(*row.physical);
  }
  return numbers;
}

std::string visible_words(const VisibleDevices& visible) {
  if (visible.count == 0) return "no CUDA device is visible";
  std::string words;
  for (int n = 0; n < visible.count; ++n) {
    const auto row =
        std::find_if(visible.gpus.begin(), visible.gpus.end(), [n](auto& gpu) { return gpu.visible == n; });
    if (row == visible.gpus.end()) continue;
    words += (words.empty() ? "visible: cuda:" : ", cuda:") + std::to_string(n) + " = " + gpu_words(*row);
  }
  if (!words.empty()) return words;
  return "visible: cuda:0" + (visible.count > 1 ? " to cuda:" + std::to_string(visible.count - 1) : "");
}

}  // namespace

VisibleDevices driver_devices() {
  VisibleDevices visible;
  visible.cuda_visible_devices = environment_value();
  const auto uuids = cuda_uuids();
  visible.count = static_cast<int>(uuids.size());
  const NvmlGpus nvml = nvml_gpus();
  visible.problem = nvml.problem;
  for (const auto& gpu : nvml.gpus) {
    visible.gpus.push_back({gpu, static_cast<int>(visible.gpus.size()), position(uuids, gpu.uuid)});
  }
  for (const auto& mig : nvml.migs) visible.gpus.push_back({mig, std::nullopt, position(uuids, mig.uuid)});
  return visible;
}

std::string describe(const VisibleDevices& visible) {
  const std::string hidden = hidden_numbers(visible);
  return visible_words(visible) + " (" + variable_words(visible) +
         (hidden.empty() ? "" : "; not visible: GPU " + hidden) + ")";
}

}  // namespace torch_ext
