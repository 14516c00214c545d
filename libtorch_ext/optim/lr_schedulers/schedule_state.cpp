#include "libtorch_ext/optim/lr_schedulers/schedule_state.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "libtorch_ext/formats/repr.h"

namespace torch_ext {
namespace {

using formats::Dict;
using formats::List;
using formats::Value;

constexpr const char* kParts = "_schedulers";

// The key by which a class is known, from the most to the least telling one.
constexpr std::array<std::pair<const char*, const char*>, 14> kClasses = {{{"_milestones", "SequentialLR"},
                                                                           {kParts, "ChainedScheduler"},
                                                                           {"T_max", "CosineAnnealingLR"},
                                                                           {"T_0", "CosineAnnealingWarmRestarts"},
                                                                           {"total_steps", "OneCycleLR"},
                                                                           {"total_size", "CyclicLR"},
                                                                           {"step_size", "StepLR"},
                                                                           {"milestones", "MultiStepLR"},
                                                                           {"patience", "ReduceLROnPlateau"},
                                                                           {"power", "PolynomialLR"},
                                                                           {"start_factor", "LinearLR"},
                                                                           {"factor", "ConstantLR"},
                                                                           {"lr_lambdas", "LambdaLR"},
                                                                           {"gamma", "ExponentialLR"}}};

// What moves on with the steps, or depends on the version of Python's torch.
constexpr std::array<std::string_view, 11> kNoArguments = {
    "last_epoch", "base_lrs", "best",      "num_bad_epochs", "cooldown_counter", "T_cur",
    "T_i",        "verbose",  "is_better", "mode_worse",     "lr_lambdas"};

bool is_argument(const std::string& key) {
  return (!key.starts_with("_") || key == "_milestones") && std::ranges::find(kNoArguments, key) == kNoArguments.end();
}

const List* parts_of(const Value& state) {
  const auto* dict = state.as<Dict>();
  const Value* parts = dict ? dict->find(kParts) : nullptr;
  return parts ? parts->as<List>() : nullptr;
}

std::string text_of(const Value& value) {
  constexpr size_t kMost = 60;
  const auto* integer = value.as<int64_t>();
  return formats::repr(integer ? Value(static_cast<double>(*integer)) : value, kMost);  // 10 is 10.0
}

}  // namespace

std::string schedule_name(const Value& state) {
  if (const auto* dict = state.as<Dict>()) {
    for (const auto& [key, name] : kClasses) {
      if (dict->find(key)) return name;
    }
  }
  return "a schedule of another class";
}

bool is_same_schedule(const Value& a, const Value& b) {
  if (schedule_name(a) != schedule_name(b)) return false;
  const List *ours = parts_of(a), *theirs = parts_of(b);
  if (!ours || !theirs) return !ours && !theirs;
  return std::ranges::equal(ours->items, theirs->items, is_same_schedule);
}

bool cycles_momentum(const Value& state) {
  const auto* dict = state.as<Dict>();
  const Value* cycles = dict ? dict->find("cycle_momentum") : nullptr;
  if (cycles) return cycles->as<bool>() && *cycles->as<bool>();
  const List* parts = parts_of(state);
  return parts && std::ranges::any_of(parts->items, [](const Value& part) { return !parts_of(part) && cycles_momentum(part); });
}

bool ScheduleDifference::is_less() const {
  const auto *a = saved.as<int64_t>(), *b = own.as<int64_t>();
  return a && b && *a < *b;
}

std::vector<ScheduleDifference> differences(const Value& saved, const Value& own) {
  std::vector<ScheduleDifference> found;
  const auto *theirs = saved.as<Dict>(), *ours = own.as<Dict>();
  if (!theirs || !ours) return found;
  for (const auto& [key, value] : ours->items) {
    const auto* name = key.as<std::string>();
    const Value* other = name && is_argument(*name) ? theirs->find(*name) : nullptr;
    if (other && text_of(*other) != text_of(value)) {
      found.push_back({schedule_name(own), name->substr(name->find_first_not_of('_')), *other, value});
    }
  }
  const List *our_parts = parts_of(own), *their_parts = parts_of(saved);
  for (size_t i = 0; our_parts && their_parts && i < std::min(our_parts->items.size(), their_parts->items.size()); ++i) {
    for (auto& difference : differences(their_parts->items[i], our_parts->items[i])) found.push_back(std::move(difference));
  }
  return found;
}

}  // namespace torch_ext
