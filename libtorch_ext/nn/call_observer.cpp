#include "libtorch_ext/nn/call_observer.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace torch_ext {
namespace {

using Observers = std::vector<std::shared_ptr<CallObserver>>;

// Changed as a whole, so that a running call keeps the list that it began with.
struct Registry {
  std::mutex mutex;
  std::shared_ptr<const Observers> observers = std::make_shared<Observers>();
};

Registry& registry() {
  static Registry instance;
  return instance;
}

std::shared_ptr<const Observers> current_observers() {
  const std::lock_guard lock(registry().mutex);
  return registry().observers;
}

}  // namespace

Observation::Observation(std::shared_ptr<CallObserver> observer) : observer_(std::move(observer)) {
  detail::check_libtorch_is_observed();
  const std::lock_guard lock(registry().mutex);
  auto observers = std::make_shared<Observers>(*registry().observers);
  observers->push_back(observer_);
  registry().observers = std::move(observers);
  ++detail::observation_count;
}

Observation& Observation::operator=(Observation&& other) noexcept {
  std::swap(observer_, other.observer_);
  return *this;
}

void Observation::end() noexcept {
  if (!observer_) return;
  const std::lock_guard lock(registry().mutex);
  auto observers = std::make_shared<Observers>(*registry().observers);
  observers->erase(std::ranges::find(*observers, observer_));
  registry().observers = std::move(observers);
  --detail::observation_count;
  observer_ = nullptr;
}

namespace detail {

thread_local const torch::nn::Module* CallScope::innermost_ = nullptr;

CallScope::CallScope(torch::nn::Module& module, std::vector<at::Tensor> inputs)
    : observers_(current_observers()), module_(module), inputs_(std::move(inputs)), outer_(innermost_) {
  if (!outer_) begun_norm = {};
  for (const auto& observer : *observers_) observer->before(module_, inputs_);
  innermost_ = &module_;
}

void CallScope::done(std::vector<at::Tensor>& outputs) {
  leave();
  done_ = true;
  for (const auto& observer : *observers_) observer->after(module_, inputs_, outputs);
}

CallScope::~CallScope() {
  if (done_) return;
  leave();
  const BegunNorm norm = std::exchange(begun_norm, {});  // one that refused its input
  for (const auto& observer : *observers_) {
    if (norm.module) observer->failed(*norm.module, {norm.input});
    observer->failed(module_, inputs_);
  }
}

}  // namespace detail
}  // namespace torch_ext
