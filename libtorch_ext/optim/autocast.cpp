#include "libtorch_ext/optim/autocast.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

namespace torch_ext {

namespace autocast = at::autocast;

Autocast::Autocast(c10::DeviceType device_type, AutocastOptions options) : device_type_(device_type) {
  TORCH_CHECK_VALUE(autocast::is_autocast_available(device_type), "Autocast: found device type ",
                    c10::DeviceTypeName(device_type, /*lower_case=*/true),
                    ", expected one that has autocast (cpu, cuda)");
  previous_dtype_ = autocast::get_autocast_dtype(device_type);
  previous_enabled_ = autocast::is_autocast_enabled(device_type);
  previous_cache_enabled_ = autocast::is_autocast_cache_enabled();
  const c10::ScalarType dtype = options.dtype.value_or(previous_dtype_);
  TORCH_CHECK_VALUE(!options.enabled || device_type != c10::kCPU || dtype == c10::kBFloat16 || dtype == c10::kHalf,
                    "Autocast: found dtype ", dtype, " on the CPU, expected BFloat16 or Half");
  autocast::set_autocast_enabled(device_type, options.enabled && (device_type != c10::kCUDA || at::hasCUDA()));
  autocast::set_autocast_dtype(device_type, dtype);
  autocast::increment_nesting();
  autocast::set_autocast_cache_enabled(options.cache_enabled.value_or(previous_cache_enabled_));
}

Autocast::~Autocast() {
  if (autocast::decrement_nesting() == 0) autocast::clear_cache();
  autocast::set_autocast_enabled(device_type_, previous_enabled_);
  autocast::set_autocast_dtype(device_type_, previous_dtype_);
  autocast::set_autocast_cache_enabled(previous_cache_enabled_);
}

}  // namespace torch_ext
