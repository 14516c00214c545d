#include "libtorch_ext/optim/lr_schedulers/one_cycle_lr.h"

#include <algorithm>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {
namespace {

int64_t total_steps_of(const OneCycleLROptions& options) {
  const auto positive = [](const char* name, int64_t count) {
    TORCH_CHECK_VALUE(count > 0, "OneCycleLR: found ", name, " = ", count, ", expected a positive number");
    return count;
  };
  if (options.total_steps) return positive("total_steps", *options.total_steps);
  TORCH_CHECK_VALUE(
      options.epochs && options.steps_per_epoch,
      "OneCycleLR: found neither total_steps nor both of epochs and steps_per_epoch, expected one of them");
  return positive("epochs", *options.epochs) * positive("steps_per_epoch", *options.steps_per_epoch);
}

const GroupValues::Field* group_value_field(const std::string& name) {
  for (const auto& [known, field] : GroupValues::kFields) {
    if (name == known) return &field;
  }
  return nullptr;
}

}  // namespace

OneCycleLR::OneCycleLR(torch::optim::Optimizer& optimizer, const PerGroup& max_lr, const OneCycleLROptions& options)
    : MomentumCycle(optimizer), total_steps_(total_steps_of(options)), anneal_strategy_(options.anneal_strategy) {
  const double pct_start = options.pct_start;
  TORCH_CHECK_VALUE(pct_start >= 0 && pct_start <= 1, "OneCycleLR: found pct_start = ", pct_start,
                    ", expected one from 0 to 1");
  TORCH_CHECK_VALUE(anneal_strategy_ == "cos" || anneal_strategy_ == "linear", "OneCycleLR: found anneal_strategy = '",
                    anneal_strategy_, "', expected 'cos' or 'linear'");
  const auto steps = static_cast<double>(total_steps_);
  phases_.push_back({pct_start * steps - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"});
  if (options.three_phase) {
    phases_.push_back({2 * pct_start * steps - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"});
    phases_.push_back({steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"});
  } else {
    phases_.push_back({steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"});
  }

  const auto max_lrs = max_lr.expand("max_lr", group_count());
  for (size_t i = 0; options.last_epoch == -1 && i < max_lrs.size(); ++i) {
    const double initial_lr = python_divide(max_lrs[i], options.div_factor, "OneCycleLR: div_factor");
    groups()[i].initial_lr = initial_lr;
    groups()[i].max_lr = max_lrs[i];
    groups()[i].min_lr = python_divide(initial_lr, options.final_div_factor, "OneCycleLR: final_div_factor");
  }
  begin_momentum(options.cycle_momentum, options.base_momentum, options.max_momentum, options.last_epoch);
  begin(options.last_epoch);
  initial_step();
}

double OneCycleLR::anneal(size_t group, const std::string& start, const std::string& end, double part) const {
  const auto value = [&](const std::string& name) {
    const auto& found = const_cast<OneCycleLR*>(this)->groups().at(group).*(*group_value_field(name));
    if (!found) {
      throw Error("OneCycleLR: found no " + name + " in group " + std::to_string(group) +
                  " of the optimizer, expected one; set it by group_values(), or load the optimizer's state");
    }
    return *found;
  };
  const double from = value(start), to = value(end);
  if (anneal_strategy_ == "linear") return (to - from) * part + from;
  return to + (from - to) / 2.0 * (std::cos(M_PI * part) + 1);
}

std::vector<double> OneCycleLR::get_lr() {
  const auto step = static_cast<double>(last_epoch());
  TORCH_CHECK_VALUE(last_epoch() <= total_steps_, "OneCycleLR: found step ", last_epoch(), ", expected at most ",
                    total_steps_, ", its total_steps");
  double start_step = 0;
  auto phase = phases_.begin();
  for (; phase + 1 != phases_.end() && step > phase->end_step; ++phase) start_step = phase->end_step;
  const double part =
      python_divide(step - start_step, phase->end_step - start_step, "OneCycleLR: pct_start and total_steps");
  std::vector<double> rates;
  for (size_t i = 0; i < group_count(); ++i) {
    rates.push_back(anneal(i, phase->start_lr, phase->end_lr, part));
    if (cycle_momentum_) set_group_momentum(i, anneal(i, phase->start_momentum, phase->end_momentum, part));
  }
  return rates;
}

void OneCycleLR::phase_fields(SchedulerFields& fields) {
  const char* const key = "_schedule_phases";
  formats::List written;
  for (size_t i = 0; i < phases_.size(); ++i) {
    const Phase& phase = phases_[i];
    formats::Value end_step = phase.end_step;
    if (i + 1 == phases_.size()) end_step = static_cast<int64_t>(phase.end_step);  // an int in Python
    written.items.push_back(formats::Dict{.items = {{"end_step", end_step},
                                                    {"start_lr", phase.start_lr},
                                                    {"end_lr", phase.end_lr},
                                                    {"start_momentum", phase.start_momentum},
                                                    {"end_momentum", phase.end_momentum}}});
  }
  fields.written(key, std::move(written));
  const formats::Value* saved = fields.find(key);
  if (!saved) return;
  const auto* list = saved->as<formats::List>();
  if (!list || list->items.empty()) fields.fail(key, *saved, "a list of phases");
  auto phases = std::make_shared<std::vector<Phase>>(list->items.size());
  for (size_t i = 0; i < phases->size(); ++i) {
    Phase& phase = (*phases)[i];
    const std::string path = std::string(key) + "." + std::to_string(i);
    const auto* dict = list->items[i].as<formats::Dict>();
    const formats::Value* end_step = dict ? dict->find("end_step") : nullptr;
    if (!end_step || (!end_step->as<double>() && !end_step->as<int64_t>())) {
      fields.fail(path, list->items[i], "a phase with an end_step");
    }
    phase.end_step = end_step->as<double>() ? *end_step->as<double>() : static_cast<double>(*end_step->as<int64_t>());
    for (const auto& [name, text] :
         {std::pair("start_lr", &phase.start_lr), std::pair("end_lr", &phase.end_lr),
          std::pair("start_momentum", &phase.start_momentum), std::pair("end_momentum", &phase.end_momentum)}) {
      const formats::Value* value = dict->find(name);
      const auto* found = value ? value->as<std::string>() : nullptr;
      if (!found || !group_value_field(*found)) {
        fields.fail(path + "." + name, value ? *value : formats::Value(),
                    "one of initial_lr, max_lr, min_lr, max_momentum, base_momentum");
      }
      *text = *found;
    }
  }
  fields.later([this, phases] { phases_ = *phases; });
}

void OneCycleLR::fields(SchedulerFields& fields) {
  fields.count("total_steps", total_steps_, 1);
  phase_fields(fields);
  fields.choice("_anneal_func_type", anneal_strategy_, {"cos", "linear"});
  momentum_fields(fields);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext
