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
