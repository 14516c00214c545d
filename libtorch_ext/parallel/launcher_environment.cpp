#include "libtorch_ext/parallel/launcher_environment.h"

#include <charconv>
#include <cstdlib>

#include "libtorch_ext/parallel/error.h"

namespace torch_ext {
namespace {

std::string required(const GetEnvironment& get, const char* name) {
  const auto value = get(name);
  if (value && !value->empty()) return *value;
  throw ProcessGroupError(std::string("environment variable ") + name +
                          ": found it not set, expected it beside RANK and WORLD_SIZE, as a launcher such as torchrun "
                          "sets it; unset those to train in one process");
}

int number(const char* name, const std::string& text, int first, int last) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && value >= first && value <= last) return value;
  throw ProcessGroupError(std::string("environment variable ") + name + ": found \"" + text +
                          "\", expected a number from " + std::to_string(first) + " to " + std::to_string(last));
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::optional<LauncherEnvironment> launcher_environment(const GetEnvironment& get) {
  if (!get("RANK") && !get("WORLD_SIZE")) return std::nullopt;
  constexpr int kMostRanks = 1 << 20;
  LauncherEnvironment launcher;
  launcher.world_size = number("WORLD_SIZE", required(get, "WORLD_SIZE"), 1, kMostRanks);
  launcher.rank = number("RANK", required(get, "RANK"), 0, launcher.world_size - 1);
  auto optional_number = [&](const char* name, int first, int last, int otherwise) {
    const auto value = get(name);
    return value ? number(name, *value, first, last) : otherwise;
  };
  launcher.local_world_size = optional_number("LOCAL_WORLD_SIZE", 1, launcher.world_size, launcher.world_size);
  launcher.local_rank = optional_number("LOCAL_RANK", 0, launcher.world_size - 1, launcher.rank);
  launcher.restart_count = optional_number("TORCHELASTIC_RESTART_COUNT", 0, kMostRanks, 0);
  launcher.store_is_launchers = get("TORCHELASTIC_USE_AGENT_STORE") == "True";
  launcher.master_addr = required(get, "MASTER_ADDR");
  launcher.master_port = static_cast<uint16_t>(number("MASTER_PORT", required(get, "MASTER_PORT"), 0, 65535));
  return launcher;
}

}  // namespace torch_ext
