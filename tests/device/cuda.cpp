#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>

#include "libtorch_ext/device/cuda_driver.h"
#include "libtorch_ext/device/nvml.h"
#include "libtorch_ext/device/pick_device.h"
#include "tests/support/cuda.h"

namespace tx = torch_ext;
using torch_ext::testing::ContainsSubstring;

TEST_CASE("on a GPU: NVML's GPUs and CUDA's are matched, each visible one to a row", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const auto visible = tx::visible_devices();
  CHECK(visible.problem.empty());
  CHECK(visible.count == torch::cuda::device_count());
  for (int n = 0; n < visible.count; ++n) {
    CHECK(std::count_if(visible.gpus.begin(), visible.gpus.end(), [n](auto& row) { return row.visible == n; }) == 1);
  }
  for (const auto& row : visible.gpus) {
    CHECK(row.gpu.uuid.size() == 40);  // "GPU-" and 36 characters
    CHECK_FALSE(row.gpu.name.empty());
    CHECK(row.gpu.free_bytes > 0);
    CHECK(row.gpu.free_bytes <= row.gpu.total_bytes);
  }
}

TEST_CASE("on a GPU: what a tensor takes is no longer free", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const auto free_bytes = [] {
    int64_t sum = 0;
    for (const auto& row : tx::visible_devices().gpus) sum += row.visible == 0 ? row.gpu.free_bytes : 0;
    return sum;
  };
  torch::zeros({1}, torch::kCUDA);  // CUDA's own share
  constexpr int64_t kBytes = int64_t{512} << 20;
  const int64_t before = free_bytes();
  const auto tensor = torch::zeros({kBytes}, torch::TensorOptions(torch::kByte).device(torch::kCUDA, 0));
  torch::cuda::synchronize(0);
  CHECK(before - free_bytes() >= kBytes / 2);
}

TEST_CASE("on a GPU: pick_device takes one that works, and refuses numbers beyond the last", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const int count = static_cast<int>(torch::cuda::device_count());
  const auto picked = tx::pick_device("auto");
  CHECK(picked.device.is_cuda());
  CHECK(picked.reason.empty());
  CHECK(torch::ones({3}, picked.device).sum().item<double>() == 3);
  CHECK(tx::pick_device("cuda").device == torch::Device("cuda:0"));
  CHECK_THROWS_WITH(tx::pick_device("cuda:" + std::to_string(count)), ContainsSubstring("visible: cuda:0 = GPU"));
  CHECK(tx::pick_devices({.count = count}).devices.size() == static_cast<size_t>(count));
  CHECK_THROWS_WITH(tx::pick_devices({.count = count + 1}), ContainsSubstring("expected " + std::to_string(count + 1)));
  CHECK_THROWS_AS(tx::pick_devices({.count = 1, .min_free_bytes = int64_t{1} << 50}), tx::DeviceError);
}

TEST_CASE("on a GPU: set_visible_devices is refused once CUDA is in use", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  torch::zeros({1}, torch::kCUDA);
  CHECK(tx::cuda_is_initialised());
  CHECK_THROWS_WITH(tx::set_visible_devices("7,6"), ContainsSubstring("found CUDA in use already"));
  const char* now = std::getenv("CUDA_VISIBLE_DEVICES");
  CHECK((!now || std::string(now) != "7,6"));
  if (now) CHECK_NOTHROW(tx::set_visible_devices(now));  // the same value changes nothing
}
