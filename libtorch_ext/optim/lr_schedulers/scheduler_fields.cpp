#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/python_float.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {
namespace {

using formats::Value;

constexpr size_t kMaxText = 60;

std::optional<double> as_number(const Value& value) {
  if (const auto* number = value.as<double>()) return *number;
  if (const auto* integer = value.as<int64_t>()) return static_cast<double>(*integer);
  return std::nullopt;
}

std::string in_words(int64_t count) {
  if (count == SchedulerFields::kMaxCount) return "2^53";
  if (count == -SchedulerFields::kMaxCount) return "-2^53";
  return std::to_string(count);
}

template <class T>
Value list_of(const std::vector<T>& items) {
  return formats::List{{items.begin(), items.end()}};
}

}  // namespace

SchedulerFields::SchedulerFields(const Value& state, std::string path)
    : from_(state.as<formats::Dict>()), path_(std::move(path)) {
  if (from_) return;
  const std::string subject = path_.empty() ? "the scheduler's state" : path_.substr(0, path_.size() - 1);
  throw Error(subject + ": found a " + state.type_name() + ", expected a dictionary");
}

const Value* SchedulerFields::find(const char* key) const { return from_ ? from_->find(key) : nullptr; }

void SchedulerFields::fail(const std::string& key, const Value& found, const std::string& expected) const {
  throw Error(path_ + key + ": found " + formats::repr(found, kMaxText) + ", expected " + expected);
}

void SchedulerFields::written(const char* key, Value value) {
  if (to_) to_->set(key, std::move(value));
}

void SchedulerFields::count(const char* key, int64_t& field, int64_t least) {
  written(key, field);
  const Value* value = find(key);
  if (!value) return;
  const auto* count = value->as<int64_t>();
  if (!count || *count < least || *count > kMaxCount) {
    fail(key, *value, "an integer from " + in_words(least) + " to " + in_words(kMaxCount));
  }
  later([&field, count = *count] { field = count; });
}

void SchedulerFields::number(const char* key, double& field, double least) {
  written(key, field);
  const Value* value = find(key);
  if (!value) return;
  const auto number = as_number(*value);
  if (!number) fail(key, *value, "a number");
  if (std::isfinite(least) && !(*number >= least)) fail(key, *value, "a number from " + formats::python_float(least));
  later([&field, number = *number] { field = number; });
}

void SchedulerFields::whole(const char* key, double& field, double least) {
  if (reading()) return number(key, field, least);
  const bool is_whole = field == std::floor(field) && std::abs(field) <= static_cast<double>(kMaxCount);
  written(key, is_whole ? Value(static_cast<int64_t>(field)) : Value(field));
}

void SchedulerFields::flag(const char* key, bool& field) {
  written(key, field);
  const Value* value = find(key);
  if (!value) return;
  const auto* flag = value->as<bool>();
  if (!flag) fail(key, *value, "True or False");
  later([&field, flag = *flag] { field = flag; });
}

void SchedulerFields::choice(const char* key, std::string& field, std::initializer_list<const char*> choices) {
  written(key, field);
  const Value* value = find(key);
  if (!value) return;
  const auto* text = value->as<std::string>();
  const bool is_choice = text && (choices.size() == 0 || std::ranges::find(choices, *text) != choices.end());
  if (!is_choice) {
    std::string expected = choices.size() == 0 ? "a str" : "";
    for (const char* choice : choices) expected += (expected.empty() ? "'" : " or '") + std::string(choice) + "'";
    fail(key, *value, expected);
  }
  later([&field, text = *text] { field = text; });
}

void SchedulerFields::numbers(const char* key, std::vector<double>& field, size_t size) {
  if (to_) written(key, list_of(field));
  const Value* value = find(key);
  if (!value) return;
  const auto* list = value->as<formats::List>();
  if (!list || list->items.size() != size) {
    fail(key, *value, "a list of " + std::to_string(size) + " numbers, one per group of the optimizer");
  }
  std::vector<double> read;
  for (const auto& item : list->items) {
    const auto number = as_number(item);
    if (!number) fail(key + ("." + std::to_string(read.size())), item, "a number");
    read.push_back(*number);
  }
  later([&field, read] { field = read; });
}

void SchedulerFields::counts(const char* key, std::vector<int64_t>& field, size_t size) {
  if (to_) written(key, list_of(field));
  const Value* value = find(key);
  if (!value) return;
  const auto* list = value->as<formats::List>();
  if (!list || list->items.size() != size) fail(key, *value, "a list of " + std::to_string(size) + " integers");
  std::vector<int64_t> read;
  for (const auto& item : list->items) {
    const auto* count = item.as<int64_t>();
    if (!count) fail(key + ("." + std::to_string(read.size())), item, "an integer");
    read.push_back(*count);
  }
  later([&field, read] { field = read; });
}

void SchedulerFields::nested(const char* key, const std::vector<std::shared_ptr<LRScheduler>>& schedulers) {
  if (to_) {
    formats::List states;
    for (const auto& scheduler : schedulers) states.items.push_back(scheduler->state_dict());
    written(key, std::move(states));
  }
  const Value* value = find(key);
  if (!value) return;
  const auto* list = value->as<formats::List>();
  if (!list || list->items.size() != schedulers.size()) {
    fail(key, *value, "a list of the states of " + std::to_string(schedulers.size()) + " schedulers");
  }
  for (size_t i = 0; i < schedulers.size(); ++i) {
    auto inner = std::make_shared<SchedulerFields>(list->items[i], path_ + key + "." + std::to_string(i) + ".");
    schedulers[i]->fields(*inner);
    later([inner] { inner->commit(); });
  }
}

void SchedulerFields::commit() {
  for (const auto& assign : assignments_) assign();
  assignments_.clear();
}

}  // namespace torch_ext
