#include "libtorch_ext/inspect/profile.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <sstream>
#include <unordered_map>

#include "libtorch_ext/inspect/module_paths.h"
#include "libtorch_ext/inspect/repr.h"

namespace torch_ext {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

class Stopwatch : public CallObserver {
 public:
  Stopwatch(const torch::nn::Module& root, at::Device device) : paths_(named_modules(root)), device_(device) {}

  void before(torch::nn::Module& module, std::vector<at::Tensor>& /*inputs*/) override {
    if (paths_.find(module)) running_.push_back({.begin = now()});
  }

  void after(torch::nn::Module& module, const std::vector<at::Tensor>& /*inputs*/,
             std::vector<at::Tensor>& /*outputs*/) override {
    const std::string* name = paths_.find(module);
    if (!name) return;
    const Running call = running_.back();
    running_.pop_back();
    const double total = Milliseconds(now() - call.begin).count();
    if (!running_.empty()) running_.back().inner_ms += total;

    const auto [place, added] = places_.try_emplace(*name, times_.size());
    if (added) times_.push_back({.name = *name, .class_name = class_name(module)});
    ModuleTime& time = times_[place->second];
    ++time.calls;
    time.total_ms += total;
    time.self_ms += total - call.inner_ms;
  }

  void clear() {
    times_.clear();
    places_.clear();
  }

  const std::vector<ModuleTime>& times() const { return times_; }

 private:
  struct Running {
    Clock::time_point begin;
    double inner_ms = 0;
  };

  Clock::time_point now() const {
    if (!device_.is_cpu()) c10::impl::VirtualGuardImpl(device_.type()).synchronizeDevice(device_.index());
    return Clock::now();
  }

  detail::ModulePaths paths_;
  at::Device device_;
  std::vector<Running> running_;
  std::vector<ModuleTime> times_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace

std::vector<ModuleTime> profile(const TensorModule& model, const at::Tensor& input, ProfileOptions options) {
  TORCH_CHECK_VALUE(options.warmup >= 0 && options.repeats > 0, "profile: found warmup = ", options.warmup,
                    " and repeats = ", options.repeats, ", expected 0 or more and 1 or more");
  const at::NoGradGuard no_grad;
  const auto stopwatch = std::make_shared<Stopwatch>(*model.ptr(), input.device());
  const Observation observation(stopwatch);
  for (int64_t i = 0; i < options.warmup; ++i) model.forward(input);
  stopwatch->clear();
  for (int64_t i = 0; i < options.repeats; ++i) model.forward(input);

  std::vector<ModuleTime> times = stopwatch->times();
  const auto repeats = static_cast<double>(options.repeats);
  for (ModuleTime& time : times) {
    time.calls /= options.repeats;
    time.total_ms /= repeats;
    time.self_ms /= repeats;
  }
  std::ranges::stable_sort(times, std::ranges::greater(), &ModuleTime::self_ms);
  return times;
}

std::string to_text(const std::vector<ModuleTime>& times) {
  size_t width = 6;
  for (const auto& time : times) width = std::max(width, time.name.size() + time.class_name.size() + 3);
  std::ostringstream text;
  text << std::left << std::setw(static_cast<int>(width)) << "Module" << std::right << std::setw(8) << "Calls"
       << std::setw(12) << "Self ms" << std::setw(12) << "Total ms" << '\n'
       << std::fixed << std::setprecision(3);
  for (const auto& time : times) {
    const std::string name = time.name.empty() ? time.class_name : time.name + " (" + time.class_name + ')';
    text << std::left << std::setw(static_cast<int>(width)) << name << std::right << std::setw(8) << time.calls
         << std::setw(12) << time.self_ms << std::setw(12) << time.total_ms << '\n';
  }
  return text.str();
}

}  // namespace torch_ext
