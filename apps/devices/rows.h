#pragma once

#include <nlohmann/json_fwd.hpp>

#include <vector>

#include "libtorch_ext/device/driver_devices.h"

namespace devices {

/// The GPUs as a list of objects, for --json.
nlohmann::ordered_json to_json(const std::vector<torch_ext::VisibleGpu>& gpus);

}  // namespace devices
