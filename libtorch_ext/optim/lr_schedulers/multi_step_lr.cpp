#include "libtorch_ext/optim/lr_schedulers/multi_step_lr.h"

#include <algorithm>

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

MultiStepLR::MultiStepLR(torch::optim::Optimizer& optimizer, const std::vector<int64_t>& milestones, double gamma,
                         int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), gamma_(gamma) {
  for (int64_t milestone : milestones) {
    const auto found = std::ranges::find(milestones_, milestone, &Counter::value_type::first);
    if (found == milestones_.end()) {
      milestones_.emplace_back(milestone, 1);
    } else {
      ++found->second;
    }
  }
  initial_step();
}

std::vector<double> MultiStepLR::get_lr() {
  const auto found = std::ranges::find(milestones_, last_epoch(), &Counter::value_type::first);
  if (found == milestones_.end()) return group_lrs();
  return group_lrs_times(python_power(gamma_, static_cast<double>(found->second), "MultiStepLR"));
}

std::optional<std::vector<double>> MultiStepLR::closed_form_lr() const {
  int64_t passed = 0;
  for (const auto& [milestone, times] : milestones_) passed += milestone <= last_epoch() ? times : 0;
  auto rates = base_lrs();
  for (double& rate : rates) rate *= python_power(gamma_, static_cast<double>(passed), "MultiStepLR");
  return rates;
}

// A collections.Counter, which a pickle makes of a dict; a plain dict will do.
MultiStepLR::Counter MultiStepLR::read_milestones(const SchedulerFields& fields, const formats::Value& value) {
  const auto* dict = value.as<formats::Dict>();
  if (const auto* object = value.as<formats::Object>(); object && object->type.name == "Counter") {
    const bool has_counts = object->args && object->args->items.size() == 1;
    dict = has_counts ? object->args->items[0].as<formats::Dict>() : nullptr;
  }
  const char* const expected = "a Counter of integers, each with how often it is a milestone";
  if (!dict) fields.fail("milestones", value, expected);
  Counter counter;
  for (const auto& [key, entry] : dict->items) {
    const auto* milestone = key.as<int64_t>();
    const auto* times = entry.as<int64_t>();
    if (!milestone || !times || *times < 0 || *times > SchedulerFields::kMaxCount) {
      fields.fail("milestones", formats::Dict{.items = {{key, entry}}}, expected);
    }
    counter.emplace_back(*milestone, *times);
  }
  return counter;
}

void MultiStepLR::fields(SchedulerFields& fields) {
  if (fields.reading()) {
    if (const auto* value = fields.find("milestones")) {
      fields.later([this, read = read_milestones(fields, *value)] { milestones_ = read; });
    }
  } else {
    formats::Dict counts;
    for (const auto& [milestone, times] : milestones_) counts.items.emplace_back(milestone, times);
    fields.written("milestones",
                   formats::Object{.type = {"collections", "Counter"},
                                   .args = std::make_shared<formats::Tuple>(formats::Tuple{{std::move(counts)}})});
  }
  fields.number("gamma", gamma_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext
