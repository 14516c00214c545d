#include "libtorch_ext/train/config_changes.h"

#include <algorithm>
#include <array>

#include "libtorch_ext/config/document.h"

namespace torch_ext {
namespace {

using config::Json;

std::string text_of(const Json& json) {
  constexpr size_t kMost = 60;
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= kMost ? text : text.substr(0, kMost) + "…";
}

void compare(const Json& before, const Json& now, const std::string& pointer, std::vector<ConfigChange>& changes) {
  if (!before.is_object() || !now.is_object()) {
    if (before != now) changes.push_back({pointer, text_of(before), text_of(now)});
    return;
  }
  for (const auto& [key, value] : now.items()) {
    if (before.contains(key)) compare(before[key], value, config::child_pointer(pointer, key), changes);
  }
}

constexpr std::array<std::string_view, 26> kNoEffect = {
    "/optimizer/",     "/param_groups",  "/lr_scheduler",     "/lr_warmup",       "/seed",
    "/output",         "/device",        "/cuda_visible_",    "/num_threads",     "/epochs",
    "/max_steps",      "/max_time",      "/deterministic",    "/log_",            "/report",
    "/checkpoint",     "/tensorboard",   "/early_stopping",   "/distributed",     "/eval_every_epochs",
    "/model/weights",  "/model/rename",  "/model/skip_",      "/data/num_workers", "/data/pin_memory",
    "/data/eval_batch_size"};

}  // namespace

std::string ConfigChange::key() const {
  std::string key = pointer.substr(1);
  std::ranges::replace(key, '/', '.');
  return key;
}

bool ConfigChange::takes_effect() const {
  return pointer == "/optimizer/name" ||
         std::ranges::none_of(kNoEffect, [this](std::string_view start) { return is_below(start); });
}

std::vector<ConfigChange> config_changes(const std::string& before, const std::string& now) {
  std::vector<ConfigChange> changes;
  const Json old = Json::parse(before, nullptr, /*allow_exceptions=*/false);
  const Json present = Json::parse(now, nullptr, /*allow_exceptions=*/false);
  if (old.is_object() && present.is_object()) compare(old, present, "", changes);
  return changes;
}

}  // namespace torch_ext
