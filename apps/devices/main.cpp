// tx-devices: which GPUs a process sees, under which numbers, and what a value of CUDA_VISIBLE_DEVICES means.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/bad_input.h"
#include "libtorch_ext/core/version.h"
#include "libtorch_ext/device/driver_devices.h"
#include "libtorch_ext/device/parse_visible_devices.h"
#include "pick.h"
#include "rows.h"

namespace tx = torch_ext;
using nlohmann::ordered_json;

namespace {

constexpr const char* kProgram = "tx-devices";

struct Arguments {
  bool json = false;
  std::optional<std::string> value;
  std::optional<std::string> rocr;
  std::optional<int> count;
  std::vector<std::string> uuids;
  devices::PickOptions pick;

  bool made_up_machine() const { return value || rocr || count || !uuids.empty(); }
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.set_version_flag("--version", "tx-devices " TORCH_EXT_VERSION);
  app.add_flag("--json", arguments.json, "Print JSON");
  app.add_option("--parse", arguments.value,
                 "Say what this value of CUDA_VISIBLE_DEVICES (or HIP_VISIBLE_DEVICES) shows; without it, the "
                 "environment's");
  app.add_option("--rocr", arguments.rocr, "ROCR_VISIBLE_DEVICES, which comes before it on AMD's GPUs");
  app.add_option("--count", arguments.count, "On a machine of so many GPUs; by default as many as UUIDs, or 64")
      ->check(CLI::Range(0, 1024));
  app.add_option("--uuid", arguments.uuids,
                 "The UUIDs of its GPUs, in the order of their numbers, then of MIG instances")
      ->take_all();
  auto* pick =
      app.add_option("--pick", arguments.pick.count,
                     "Print a value for CUDA_VISIBLE_DEVICES: the N visible GPUs with the most memory free, the "
                     "freest first, numbered as CUDA counts them in this environment; exits with 2 where there "
                     "are fewer")
          ->type_name("N")
          ->check(CLI::Range(1, 1024));
  app.add_option("--min-free", arguments.pick.min_free, "With --pick: memory that each must have free: 10GiB, 500M")
      ->type_name("SIZE")
      ->needs(pick);
}

// The command line, last word first, as CLI11 wants it; "--parse=" in two words, since CLI11 takes the next one for its
// value.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      words.push_back(word.substr(0, word.size() - 1));
      words.emplace_back();
    } else {
      words.push_back(word);
    }
  }
  std::reverse(words.begin(), words.end());
  return words;
}

int gpu_count(const Arguments& arguments) {
  constexpr int kAsPythonAssumes = 64;
  if (arguments.count) return *arguments.count;
  if (arguments.uuids.empty()) return kAsPythonAssumes;
  return static_cast<int>(std::count_if(arguments.uuids.begin(), arguments.uuids.end(),
                                        [](const auto& uuid) { return !uuid.starts_with("MIG-"); }));
}

int parse(const Arguments& arguments) {
  std::optional<std::string> value = arguments.value;
  if (const char* set = std::getenv("CUDA_VISIBLE_DEVICES"); set && !value) value = set;
  const int count = gpu_count(arguments);
  const auto parsed = arguments.rocr
                          ? tx::parse_visible_devices({.rocr = arguments.rocr, .hip = value}, count, arguments.uuids)
                          : tx::parse_visible_devices(value, count, arguments.uuids);
  if (arguments.json) {
    ordered_json json = {{"value", nullptr}, {"count", count}, {"ids", parsed.ids}, {"reason", parsed.reason}};
    if (value) json["value"] = *value;
    std::cout << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return 0;
  }
  for (size_t n = 0; n < parsed.ids.size(); ++n) {
    const auto id = static_cast<size_t>(parsed.ids[n]);
    std::cout << "cuda:" << n << " = " << id << (id < arguments.uuids.size() ? "  " + arguments.uuids[id] : "") << '\n';
  }
  if (parsed.ids.empty()) std::cout << "no device is visible\n";
  if (!parsed.reason.empty()) std::cout << parsed.reason << '\n';
  return 0;
}

ordered_json to_json(const tx::VisibleDevices& visible) {
  ordered_json json = {{"cuda_visible_devices", nullptr},
                       {"count", visible.count},
                       {"gpus", devices::to_json(visible.gpus)},
                       {"problem", visible.problem}};
  if (visible.cuda_visible_devices) json["cuda_visible_devices"] = *visible.cuda_visible_devices;
  return json;
}

void print_table(const tx::VisibleDevices& visible) {
  if (visible.cuda_visible_devices) {
    std::printf("CUDA_VISIBLE_DEVICES=\"%s\"\n", visible.cuda_visible_devices->c_str());
  } else {
    std::printf("CUDA_VISIBLE_DEVICES is not set\n");
  }
  if (visible.gpus.empty()) {
    std::printf("%d CUDA devices are visible; no GPU is known by name%s%s\n", visible.count,
                visible.problem.empty() ? "" : ": ", visible.problem.c_str());
    return;
  }
  std::printf("%-8s  %-8s  %-28s  %-17s  %s\n", "physical", "visible", "name", "free of GiB", "UUID");
  constexpr double kGiB = 1 << 30;
  for (const auto& row : visible.gpus) {
    char memory[32];
    std::snprintf(memory, sizeof(memory), "%.1f of %.1f", static_cast<double>(row.gpu.free_bytes) / kGiB,
                  static_cast<double>(row.gpu.total_bytes) / kGiB);
    std::printf("%-8s  %-8s  %-28s  %-17s  %s\n", row.physical ? std::to_string(*row.physical).c_str() : "MIG",
                row.visible ? ("cuda:" + std::to_string(*row.visible)).c_str() : "-", row.gpu.name.c_str(), memory,
                row.gpu.uuid.c_str());
  }
}

int run(const Arguments& arguments) {
  const bool picks = arguments.pick.count > 0;
  if (picks && arguments.made_up_machine()) {
    throw std::invalid_argument(
        "--pick chooses among this machine's GPUs: found --parse, --rocr, --count or --uuid with "
        "it, expected none of them");
  }
  if (arguments.made_up_machine()) return parse(arguments);
  if (picks) return devices::pick(arguments.pick, arguments.json, std::cout);
  const auto visible = tx::driver_devices();
  if (arguments.json) {
    std::cout << to_json(visible).dump(2) << '\n';
  } else {
    print_table(visible);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows which GPUs a process sees, and under which numbers", kProgram);
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(words_of(argc, argv));
    return run(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return bad_input(kProgram, error.what());
  } catch (const std::exception& error) {
    return bad_input(kProgram, error.what());
  }
}
