#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// Python's arguments of the same names.
struct DataParallelOptions {
  /// Numbers of the devices to compute on, the module's first; empty: all visible ones.
  std::vector<int> device_ids;
  /// Where outputs come together; none: the first of `device_ids`; -1: the CPU.
  std::optional<int> output_device;
  /// The dimension of the batch.
  int64_t dim = 0;
  /// What kind of devices they are.
  c10::DeviceType device_type = c10::kCUDA;
};

/// The devices that `options` mean; none where the machine has none of their kind. Throws `DeviceError` that shows what
/// is visible where a number is out of range or stands twice.
std::vector<c10::Device> data_parallel_devices(const DataParallelOptions& options);

/// Where the outputs go.
c10::Device data_parallel_output(const DataParallelOptions& options, const std::vector<c10::Device>& devices);

/// Throws Python's error unless all parameters and buffers lie on `device`.
void check_all_on(const torch::nn::Module& module, c10::Device device);

}  // namespace torch_ext
