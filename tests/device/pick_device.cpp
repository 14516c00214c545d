#include "libtorch_ext/device/pick_device.h"

#include "tests/support/catch.h"

using torch_ext::DeviceChoice;
using torch_ext::DeviceError;
using torch_ext::pick_device;
using torch_ext::VisibleDevices;

TEST_CASE("auto takes the first CUDA device, and the CPU with a reason where there is none") {
  CHECK(pick_device("auto", {.count = 2}).device == c10::Device("cuda:0"));
  CHECK(pick_device("auto", {.count = 2}).reason.empty());
  CHECK(pick_device("auto", {.count = 0}).device == c10::Device("cpu"));
  CHECK(pick_device("auto", {.count = 0}).reason ==
        "no CUDA device is visible (CUDA_VISIBLE_DEVICES is not set): using the CPU");
  CHECK(pick_device("auto", {.count = 0, .cuda_visible_devices = ""}).reason ==
        "no CUDA device is visible (CUDA_VISIBLE_DEVICES=\"\"): using the CPU");
}

TEST_CASE("a named device is that device, without a reason") {
  CHECK(pick_device("cpu", {.count = 2}).device == c10::Device("cpu"));
  CHECK(pick_device("cuda", {.count = 2}).device == c10::Device("cuda:0"));
  CHECK(pick_device("cuda:1", {.count = 2}).device == c10::Device("cuda:1"));
  CHECK(pick_device("cuda:1", {.count = 2}).reason.empty());
}

TEST_CASE("a device out of range is an error that shows what is visible") {
  CHECK_THROWS_WITH(pick_device("cuda:2", {.count = 2, .cuda_visible_devices = "3, 4"}),
                    "device: found \"cuda:2\", but visible: cuda:0 to cuda:1 (CUDA_VISIBLE_DEVICES=\"3, 4\"); devices "
                    "are counted among the visible ones, from 0");
  CHECK_THROWS_WITH(pick_device("cuda:1", {.count = 1}),
                    "device: found \"cuda:1\", but visible: cuda:0 (CUDA_VISIBLE_DEVICES is not set); devices are "
                    "counted among the visible ones, from 0");
  CHECK_THROWS_WITH(pick_device("cuda", {.count = 0}),
                    "device: found \"cuda\", but no CUDA device is visible (CUDA_VISIBLE_DEVICES is not set); devices "
                    "are counted among the visible ones, from 0; use \"auto\" or \"cpu\"");
}

TEST_CASE("a word that names no device is refused") {
  const std::string word = GENERATE("", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda: 1", "cuda:1234", "CPU", "cpu:0");
  CHECK_THROWS_AS(pick_device(word, VisibleDevices{.count = 2}), DeviceError);
}

namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

// Eight GPUs of which CUDA_VISIBLE_DEVICES="3, 4" shows two.
VisibleDevices two_of_five() {
  VisibleDevices visible{.count = 2, .cuda_visible_devices = "3, 4"};
  for (int i = 0; i < 5; ++i) {
    visible.gpus.push_back({.gpu = {.uuid = "GPU-" + std::to_string(i),
                                    .name = "A100",
                                    .free_bytes = (10 + i) * kGiB,
                                    .total_bytes = 40 * kGiB},
                            .physical = i});
  }
  visible.gpus[3].visible = 0;
  visible.gpus[4].visible = 1;
  return visible;
}

}  // namespace

TEST_CASE("auto takes the freest of the visible devices") {
  CHECK(pick_device("auto", two_of_five()).device == c10::Device("cuda:1"));
}

TEST_CASE("devices are picked by free memory, the most first") {
  using torch_ext::pick_devices;
  const auto both = pick_devices({.count = 2}, two_of_five());
  CHECK(both.devices == std::vector<c10::Device>{c10::Device("cuda:1"), c10::Device("cuda:0")});
  CHECK(both.reason.empty());
  CHECK(pick_devices({.min_free_bytes = 14 * kGiB}, two_of_five()).devices.size() == 1);
  CHECK_THROWS_WITH(
      pick_devices({.count = 2, .min_free_bytes = 14 * kGiB}, two_of_five()),
      "pick_devices: found 1 GPUs with 15032385536 bytes free, expected 2; visible: cuda:0 = GPU 3 (A100, "
      "GPU-3, 13.0 of 40.0 GiB free), cuda:1 = GPU 4 (A100, GPU-4, 14.0 of 40.0 GiB free) "
      "(CUDA_VISIBLE_DEVICES=\"3, 4\"; not visible: GPU 0, 1, 2)");
  CHECK_THROWS_AS(pick_devices({.count = 0}, two_of_five()), DeviceError);
}

TEST_CASE("where no GPU can be picked it is the CPU, with the reason") {
  using torch_ext::pick_devices;
  const auto none = pick_devices({.count = 2}, {.count = 0});
  CHECK(none.devices == std::vector<c10::Device>{c10::kCPU});
  CHECK(none.reason == "no CUDA device is visible (CUDA_VISIBLE_DEVICES is not set): using the CPU");
  CHECK(pick_devices({}, {.count = 1, .problem = "libnvidia-ml.so.1: not there"}).reason ==
        "the GPUs' free memory isn't known (libnvidia-ml.so.1: not there): using the CPU");
}

TEST_CASE("CUDA_VISIBLE_DEVICES is set before CUDA's first use") {
  const char* before = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::string kept = before ? before : "";
  torch_ext::set_visible_devices("3, 4");
  CHECK(std::string(std::getenv("CUDA_VISIBLE_DEVICES")) == "3, 4");
  CHECK(torch_ext::visible_devices().cuda_visible_devices == "3, 4");
  if (before) {
    setenv("CUDA_VISIBLE_DEVICES", kept.c_str(), 1);
  } else {
    unsetenv("CUDA_VISIBLE_DEVICES");
  }
}
