#include "pick.h"

#include <nlohmann/json.hpp>

#include <ostream>
#include <stdexcept>

#include "libtorch_ext/core/byte_size.h"
#include "libtorch_ext/device/pick_gpus.h"
#include "rows.h"

namespace tx = torch_ext;

namespace devices {
namespace {

int64_t min_free_bytes(const PickOptions& options) {
  if (!options.min_free) return 0;
  if (const auto bytes = tx::parse_byte_size(*options.min_free)) return *bytes;
  throw std::invalid_argument("--min-free: found \"" + *options.min_free +
                              "\", expected a size like 10GB, 10GiB or 500M");
}

std::runtime_error too_few(const PickOptions& options, size_t found, const tx::VisibleDevices& visible) {
  const std::string asked = "--pick " + std::to_string(options.count) + ": ";
  if (visible.gpus.empty()) {
    return std::runtime_error(asked + "found no GPU whose free memory is known" +
                              (visible.problem.empty() ? "" : ": " + visible.problem));
  }
  return std::runtime_error(asked + "found " + std::to_string(found) + (found == 1 ? " GPU" : " GPUs") +
                            (options.min_free ? " with " + *options.min_free + " or more free" : "") + ", expected " +
                            std::to_string(options.count) + "; " + describe(visible));
}

}  // namespace

int pick(const PickOptions& options, bool json, std::ostream& out) {
  const int64_t bytes = min_free_bytes(options);
  const auto visible = tx::driver_devices();
  auto gpus = tx::freest_gpus(visible, bytes);
  if (options.count > 1)
    std::erase_if(gpus, [](const auto& row) { return !row.physical; });  // a process sees one of MIG
  const auto count = static_cast<size_t>(options.count);
  if (gpus.size() < count) throw too_few(options, gpus.size(), visible);
  gpus.resize(count);
  const std::string value = tx::visible_value(gpus, visible);
  if (json) {
    out << nlohmann::ordered_json{{"value", value}, {"gpus", to_json(gpus)}}.dump(2) << '\n';
  } else {
    out << value << '\n';
  }
  return 0;
}

}  // namespace devices
