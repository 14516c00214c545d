#include "libtorch_ext/device/pick_gpus.h"

#include <algorithm>

#include "libtorch_ext/device/parse_visible_devices.h"

namespace torch_ext {
namespace {

// CUDA's number of each visible device among all GPUs; none where the environment names them by UUID, or where some are
// divided, which CUDA counts otherwise.
std::vector<int> numbers_of(const VisibleDevices& visible) {
  const auto& value = visible.cuda_visible_devices;
  if (value && (value->starts_with("GPU-") || value->starts_with("MIG-"))) return {};
  if (std::any_of(visible.gpus.begin(), visible.gpus.end(), [](auto& row) { return !row.physical; })) return {};
  return parse_visible_devices(value, static_cast<int>(visible.gpus.size())).ids;
}

}  // namespace

std::vector<VisibleGpu> freest_gpus(const VisibleDevices& visible, int64_t min_free_bytes) {
  std::vector<VisibleGpu> gpus;
  for (const auto& row : visible.gpus) {
    if (row.visible && *row.visible < visible.count && row.gpu.free_bytes >= min_free_bytes) gpus.push_back(row);
  }
  std::sort(gpus.begin(), gpus.end(), [](const VisibleGpu& a, const VisibleGpu& b) {
    return a.gpu.free_bytes != b.gpu.free_bytes ? a.gpu.free_bytes > b.gpu.free_bytes : *a.visible < *b.visible;
  });
  return gpus;
}

std::string visible_value(const std::vector<VisibleGpu>& gpus, const VisibleDevices& visible) {
  const auto numbers = numbers_of(visible);
  const bool numbered = std::all_of(gpus.begin(), gpus.end(), [&](const VisibleGpu& row) {
    return static_cast<size_t>(*row.visible) < numbers.size();
  });
  std::string value;
  for (const auto& row : gpus) {
    value += (value.empty() ? "" : ",") +
             (numbered ? std::to_string(numbers[static_cast<size_t>(*row.visible)]) : row.gpu.uuid);
  }
  return value;
}

}  // namespace torch_ext
