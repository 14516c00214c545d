#include "libtorch_ext/data/loader/check_options.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>

#include <algorithm>

namespace torch_ext::loading {
namespace {

int64_t device_count(c10::DeviceType type) {
  return c10::impl::hasDeviceGuardImpl(type) ? c10::impl::getDeviceGuardImpl(type)->deviceCount() : 0;
}

void check_device(c10::Device device) {
  if (device.is_cpu()) return;
  const int64_t count = device_count(device.type());
  TORCH_CHECK_VALUE(std::max<int64_t>(device.index(), 0) < count, "make_loader: found device = ", device,
                    ", expected the CPU or one of the ", count, " devices of that kind that are visible");
}

}  // namespace

void check_options(const LoaderOptions& o, bool is_stream) {
  TORCH_CHECK_VALUE(o.batch_size > 0, "make_loader: found batch_size = ", o.batch_size, ", expected a positive number");
  TORCH_CHECK_VALUE(o.num_workers.value_or(0) >= 0, "make_loader: found num_workers = ", o.num_workers.value_or(0),
                    ", expected 0 or more, or null to choose by measuring");
  TORCH_CHECK_VALUE(o.prefetch_factor.value_or(1) > 0,
                    "make_loader: found prefetch_factor = ", o.prefetch_factor.value_or(1),
                    ", expected a positive number");
  TORCH_CHECK_VALUE(!o.prefetch_factor || o.num_workers != 0,
                    "make_loader: found a prefetch_factor, expected num_workers > 0 with it");
  TORCH_CHECK_VALUE(o.timeout >= 0, "make_loader: found timeout = ", o.timeout, ", expected 0 or more seconds");
  TORCH_CHECK_VALUE(
      o.timeout == 0 || o.num_workers != 0,
      "make_loader: found a timeout, expected num_workers > 0 with it: the caller can't interrupt itself");
  TORCH_CHECK_VALUE(!o.generator || !o.seed, "make_loader: found a generator and a seed, expected one of them");
  if (o.generator)
    TORCH_CHECK_VALUE(o.generator->device().is_cpu(), "make_loader: found a generator of the device ",
                      o.generator->device(), ", expected the CPU's");
  TORCH_CHECK_VALUE(o.shard.count > 0 && 0 <= o.shard.index && o.shard.index < o.shard.count,
                    "make_loader: found shard ", o.shard.index, " of ", o.shard.count, ", expected 0 <= index < count");
  if (o.device) check_device(*o.device);
  TORCH_CHECK_VALUE(o.max_errors.value_or(0) >= 0, "make_loader: found max_errors = ", o.max_errors.value_or(0),
                    ", expected 0 or more");
  TORCH_CHECK_VALUE(!o.sampler || !o.shuffle, "make_loader: found a sampler and shuffle, expected one of them");
  if (o.batch_sampler) {
    TORCH_CHECK_VALUE(o.batch_size == 1 && !o.shuffle && !o.sampler && !o.drop_last && o.shard.count == 1,
                      "make_loader: found a batch_sampler together with batch_size, shuffle, sampler, drop_last or "
                      "shard, expected it alone");
  }
  if (is_stream) {
    TORCH_CHECK_VALUE(!o.shuffle && !o.sampler && !o.batch_sampler,
                      "make_loader: found shuffle, a sampler or a batch_sampler for a stream, expected none: a stream "
                      "has its own order");
    TORCH_CHECK_VALUE(o.on_error != OnError::kSubstitute,
                      "make_loader: found on_error = kSubstitute for a stream, expected kRaise or kSkip");
  }
}

}  // namespace torch_ext::loading
