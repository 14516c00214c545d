#include "rows.h"

#include <nlohmann/json.hpp>

namespace devices {

nlohmann::ordered_json to_json(const std::vector<torch_ext::VisibleGpu>& gpus) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : gpus) {
    nlohmann::ordered_json gpu = {{"physical", nullptr},
                                  {"visible", nullptr},
                                  {"name", row.gpu.name},
                                  {"uuid", row.gpu.uuid},
                                  {"free_bytes", row.gpu.free_bytes},
                                  {"total_bytes", row.gpu.total_bytes}};
    if (row.physical) gpu["physical"] = *row.physical;
    if (row.visible) gpu["visible"] = *row.visible;
    list.push_back(std::move(gpu));
  }
  return list;
}

}  // namespace devices
