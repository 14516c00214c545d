#include "libtorch_ext/device/pick_gpus.h"

#include "tests/support/catch.h"

using torch_ext::freest_gpus;
using torch_ext::visible_value;
using torch_ext::VisibleDevices;
using torch_ext::VisibleGpu;

namespace {

// A machine of as many GPUs as there are numbers, with so many bytes free; cuda:n is GPU `order[n]`.
VisibleDevices machine(const std::vector<int64_t>& free_bytes, const std::vector<int>& order,
                       const std::optional<std::string>& value = {}) {
  VisibleDevices visible{.count = static_cast<int>(order.size()), .cuda_visible_devices = value};
  for (size_t i = 0; i < free_bytes.size(); ++i) {
    visible.gpus.push_back(
        {.gpu = {.uuid = "GPU-" + std::to_string(i), .free_bytes = free_bytes[i]}, .physical = static_cast<int>(i)});
  }
  for (size_t n = 0; n < order.size(); ++n) visible.gpus[static_cast<size_t>(order[n])].visible = static_cast<int>(n);
  return visible;
}

std::string picked(size_t count, const VisibleDevices& visible) {
  auto gpus = freest_gpus(visible);
  gpus.resize(count);
  return visible_value(gpus, visible);
}

}  // namespace

TEST_CASE("the freest GPUs are those that are visible and have enough, the most first, equal ones by number") {
  const auto visible = machine({5, 9, 9, 1, 7}, {4, 2, 1, 3});
  std::vector<int> physical;
  for (const auto& row : freest_gpus(visible)) physical.push_back(*row.physical);
  CHECK(physical == std::vector<int>{2, 1, 4, 3});
  CHECK(freest_gpus(visible, 7).size() == 3);
  CHECK(freest_gpus(visible, 10).empty());
  CHECK(freest_gpus({}).empty());
}

TEST_CASE("a value has CUDA's numbers where the environment has numbers or nothing") {
  CHECK(picked(2, machine({1, 2, 3}, {2, 1, 0})) == "0,1");  // CUDA counts the last one first
  CHECK(picked(2, machine({1, 2, 3}, {0, 1, 2})) == "2,1");
  CHECK(picked(1, machine({1, 2, 3}, {1, 0}, " 1,0")) == "1");
  CHECK(picked(2, machine({1, 3, 2}, {1, 2, 0}, "1, 2,0")) == "1,2");
}

TEST_CASE("a value has UUIDs where the environment has them, where GPUs are divided, and where numbers aren't sure") {
  CHECK(picked(2, machine({1, 2, 3}, {0, 2}, "GPU-0,GPU-2")) == "GPU-2,GPU-0");
  auto divided = machine({1, 2}, {1});
  divided.gpus.push_back({.gpu = {.uuid = "MIG-a", .free_bytes = 9}, .visible = {}});
  CHECK(picked(1, divided) == "GPU-1");
  divided.gpus.back().visible = 1;
  divided.count = 2;
  CHECK(picked(1, divided) == "MIG-a");
  CHECK(picked(1, machine({1, 2}, {1}, "none of them")) == "GPU-1");
}
