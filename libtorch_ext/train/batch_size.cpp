#include "libtorch_ext/train/batch_size.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/device/peak_memory.h"
#include "libtorch_ext/train/forward.h"
#include "libtorch_ext/train/untouched.h"

namespace torch_ext {
namespace {

// A forward and backward of so many samples: the first one, over and over.
void one_step(const TrainConfig& config, const TensorModule& model, const Batch& sample, int64_t batch_size,
              c10::Device device) {
  const auto repeat = [&](const at::Tensor& one) {
    std::vector<int64_t> sizes = one.sizes().vec();
    sizes[0] = batch_size;
    return one.to(device).expand(sizes).contiguous();
  };
  at::Tensor loss;
  {
    const auto guard = autocast_for(config, device);
    loss = loss_of(config, model.forward(images_for(config, repeat(sample.data))), repeat(sample.target));
  }
  loss.backward();
}

bool fits_on_device(const TrainConfig& config, const TensorModule& model, const Batch& sample, int64_t batch_size,
                    c10::Device device) {
  try {
    one_step(config, model, sample, batch_size, device);
    if (device.is_cuda()) torch::cuda::synchronize(device.index());
    return true;
  } catch (const c10::OutOfMemoryError&) {
    return false;
  }
}

}  // namespace

int64_t largest_that_fits(const Fits& fits, int64_t most) {
  int64_t fitting = 0;
  int64_t next = 1;
  while (next <= most && fits(next)) {
    fitting = next;
    next = fitting == most ? most + 1 : std::min(most, 2 * fitting);
  }
  int64_t too_many = next;
  while (fitting > 0 && too_many - fitting > std::max<int64_t>(1, fitting / 8)) {
    const int64_t middle = fitting + (too_many - fitting) / 2;
    (fits(middle) ? fitting : too_many) = middle;
  }
  return fitting;
}

std::string to_text(const LargestBatch& found) {
  constexpr double kGiB = 1 << 30;
  char numbers[64];
  std::snprintf(numbers, sizeof(numbers), "%.2f of %.2f GiB", found.bytes / kGiB, found.budget / kGiB);
  return "batch_size " + std::to_string(found.batch_size) + ", the largest that fits: a step takes " + numbers;
}

LargestBatch largest_batch_size(const TrainConfig& config, const TensorModule& model, const Dataset& dataset,
                                c10::Device device) {
  TORCH_CHECK_VALUE(dataset.size() > 0, "batch_size auto: found no training samples, expected one to try with");
  const Untouched untouched(*model.ptr(), device);
  model.ptr()->train();
  const std::vector<int64_t> first = {0};
  const Batch sample = get_batch(dataset, first);
  const int64_t most = std::min<int64_t>(dataset.size(), 1 << 16);
  LargestBatch found;
  if (device.is_cpu()) {
    const auto bytes = [&](int64_t size) { return peak_cpu_memory([&] { one_step(config, model, sample, size, device); }); };
    constexpr int64_t kFew = 2, kMore = 8;
    bytes(kFew);  // the gradients themselves stay
    const double few = static_cast<double>(bytes(kFew));
    const double per_sample = std::max((static_cast<double>(bytes(kMore)) - few) / (kMore - kFew), 1.0);
    found.budget = 0.5 * static_cast<double>(available_cpu_memory());
    found.batch_size = std::clamp<int64_t>(static_cast<int64_t>((found.budget - few) / per_sample), 0, most);
    found.bytes = few + per_sample * static_cast<double>(found.batch_size - kFew);
  } else {
    // BatchNorm may not train on one sample: where two fit, one does.
    const auto fits = [&](int64_t size) {
      return fits_on_device(config, model, sample, std::max<int64_t>(size, 2), device);
    };
    const int64_t largest = largest_that_fits(fits, most);
    found.batch_size = largest - largest / 10;  // the optimizer's state and the allocator's gaps are still to come
    auto* allocator = c10::getDeviceAllocator(device.type());
    allocator->resetPeakStats(device.index());
    if (found.batch_size > 0) one_step(config, model, sample, found.batch_size, device);
    found.bytes = static_cast<double>(allocator->getDeviceStats(device.index()).allocated_bytes[0].peak);
    found.budget = static_cast<double>(allocator->getMemoryInfo(device.index()).second);
  }
  if (found.batch_size > 0) return found;
  throw Error("/data/batch_size: found auto, but not even one sample of " + config.model.name + " fits into the memory of " +
              device.str() + "; choose a smaller model or another device");
}

}  // namespace torch_ext
