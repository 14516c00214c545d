#include "libtorch_ext/optim/lr_scheduler.h"

#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext {
namespace {

constexpr int64_t kMaxCount = int64_t{1} << 53;  // whole numbers as doubles up to here
constexpr size_t kMaxText = 60;

double number(const char* key, const formats::Value& value) {
  if (const auto* number = value.as<double>()) return *number;
  if (const auto* integer = value.as<int64_t>()) return static_cast<double>(*integer);
  throw Error(std::string(key) + ": found a " + value.type_name() + ", expected a number");
}

double number_in(const formats::Dict& state, const char* key, double missing) {
  const formats::Value* value = state.find(key);
  return value ? number(key, *value) : missing;
}

int64_t count_in(const formats::Dict& state, const char* key, int64_t missing, int64_t least) {
  const formats::Value* value = state.find(key);
  if (!value) return missing;
  const auto* count = value->as<int64_t>();
  if (count && *count >= least && *count <= kMaxCount) return *count;
  throw Error(std::string(key) + ": found " + formats::repr(*value, kMaxText) + ", expected an integer from " +
              std::to_string(least) + " to 2^53");
}

}  // namespace

LRScheduler::LRScheduler(torch::optim::Optimizer& optimizer) : optimizer_(optimizer), base_lrs_(last_lr()) {}

std::vector<double> LRScheduler::last_lr() const {
  std::vector<double> rates;
  for (const auto& group : optimizer_.param_groups()) rates.push_back(group.options().get_lr());
  return rates;
}

void LRScheduler::step() {
  ++last_epoch_;
  auto& groups = optimizer_.param_groups();
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i].options().set_lr(next_lr(groups[i].options().get_lr(), base_lrs_.at(i)));
  }
}

formats::Value LRScheduler::state_dict() const {
  auto list = [](const std::vector<double>& numbers) { return formats::List{{numbers.begin(), numbers.end()}}; };
  formats::Dict state = arguments();
  state.set("base_lrs", list(base_lrs_));
  state.set("last_epoch", last_epoch_);
  state.set("_step_count", last_epoch_ + 1);  // Python counts the one at construction, too
  state.set("_is_initial", false);
  state.set("_get_lr_called_within_step", false);
  state.set("_last_lr", list(last_lr()));
  return state;
}

void LRScheduler::load_state_dict(const formats::Value& state) {
  const auto* dict = state.as<formats::Dict>();
  if (!dict) throw Error("the scheduler's state: found a " + state.type_name() + ", expected a dictionary");
  const int64_t last_epoch = count_in(*dict, "last_epoch", last_epoch_, 0);
  std::vector<double> base_lrs = base_lrs_;
  if (const formats::Value* rates = dict->find("base_lrs")) {
    const auto* list = rates->as<formats::List>();
    if (!list || list->items.size() != base_lrs.size()) {
      throw Error("base_lrs: found " + formats::repr(*rates, kMaxText) + ", expected a list of " +
                  std::to_string(base_lrs.size()) + " numbers, one per group of the optimizer");
    }
    for (size_t i = 0; i < base_lrs.size(); ++i) base_lrs[i] = number("base_lrs", list->items[i]);
  }
  set_arguments(*dict);
  last_epoch_ = last_epoch;
  base_lrs_ = std::move(base_lrs);
}

CosineAnnealingLR::CosineAnnealingLR(torch::optim::Optimizer& optimizer, int64_t T_max, double eta_min)
    : LRScheduler(optimizer), T_max_(T_max), eta_min_(eta_min) {
  TORCH_CHECK_VALUE(T_max > 0, "CosineAnnealingLR: found T_max = ", T_max, ", expected a positive number of steps");
}

// Python's recursive form, operation by operation: the closed one differs in the last bits.
double CosineAnnealingLR::next_lr(double lr, double base_lr) const {
  const double T = static_cast<double>(T_max_);
  const int64_t epoch = last_epoch();
  const int64_t past_valley = (epoch - 1 - T_max_) % (2 * T_max_);
  if (past_valley == 0) return lr + (base_lr - eta_min_) * (1 - std::cos(M_PI / T)) / 2;
  return (1 + std::cos(M_PI * static_cast<double>(epoch) / T)) /
             (1 + std::cos(M_PI * static_cast<double>(epoch - 1) / T)) * (lr - eta_min_) +
         eta_min_;
}

formats::Dict CosineAnnealingLR::arguments() const { return {.items = {{"T_max", T_max_}, {"eta_min", eta_min_}}}; }

void CosineAnnealingLR::set_arguments(const formats::Dict& state) {
  const int64_t T_max = count_in(state, "T_max", T_max_, 1);
  eta_min_ = number_in(state, "eta_min", eta_min_);
  T_max_ = T_max;
}

StepLR::StepLR(torch::optim::Optimizer& optimizer, int64_t step_size, double gamma)
    : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {
  TORCH_CHECK_VALUE(step_size > 0, "StepLR: found step_size = ", step_size, ", expected a positive number of steps");
}

double StepLR::next_lr(double lr, double) const { return last_epoch() % step_size_ == 0 ? lr * gamma_ : lr; }

formats::Dict StepLR::arguments() const { return {.items = {{"step_size", step_size_}, {"gamma", gamma_}}}; }

void StepLR::set_arguments(const formats::Dict& state) {
  const int64_t step_size = count_in(state, "step_size", step_size_, 1);
  gamma_ = number_in(state, "gamma", gamma_);
  step_size_ = step_size;
}

}  // namespace torch_ext
