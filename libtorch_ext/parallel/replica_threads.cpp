#include "libtorch_ext/parallel/replica_threads.h"

#include <ATen/ThreadLocalState.h>
#include <ATen/autocast_mode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "libtorch_ext/parallel/error.h"

namespace torch_ext {
namespace {

// What of the caller's thread an operator looks at.
class ThreadState {
 public:
  explicit ThreadState(c10::DeviceType device) : device_(device) {}

  void set() const {
    at::ThreadLocalState::setThreadLocalState(state_);
    at::autocast::set_autocast_dtype(c10::kCPU, cpu_dtype_);
    if (at::autocast::is_autocast_available(device_)) at::autocast::set_autocast_dtype(device_, device_dtype_);
    at::autocast::set_autocast_cache_enabled(caches_);
  }

 private:
  c10::DeviceType device_;
  at::ThreadLocalState state_;
  at::ScalarType cpu_dtype_ = at::autocast::get_autocast_dtype(c10::kCPU);
  at::ScalarType device_dtype_ = at::autocast::is_autocast_available(device_)
                                     ? at::autocast::get_autocast_dtype(device_)
                                     : at::ScalarType::Undefined;
  bool caches_ = at::autocast::is_autocast_cache_enabled();
};

// One call of `run`.
struct Call {
  std::function<void(size_t)> work;
  ThreadState thread_state;
  std::vector<c10::Stream> streams;
  std::vector<std::exception_ptr> errors;
};

void do_one(Call& call, size_t i) {
  try {
    const c10::StreamGuard on_stream(call.streams[i]);
    call.work(i);
  } catch (...) {
    call.errors[i] = std::current_exception();
  }
}

}  // namespace

struct ReplicaThreads::State {
  std::vector<c10::Device> devices;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable begun, done;
  Call* call = nullptr;
  uint64_t calls = 0;
  size_t count = 0;    // of this call's devices
  size_t pending = 0;  // of the threads that this call waits for
  bool ends = false;

  void serve(size_t i) {
    uint64_t served = 0;
    for (;;) {
      std::unique_lock lock(mutex);
      begun.wait(lock, [&] { return ends || calls != served; });
      if (ends) return;
      served = calls;
      if (i >= count) continue;
      Call& mine = *call;
      lock.unlock();
      mine.thread_state.set();
      do_one(mine, i);
      lock.lock();
      if (--pending == 0) done.notify_one();
    }
  }

  [[noreturn]] void rethrow(size_t i, const std::exception_ptr& error) const {
    const std::string where = "in replica " + std::to_string(i) + " on device " + devices[i].str() + ": ";
    try {
      std::rethrow_exception(error);
    } catch (const c10::Error& thrown) {
      throw ReplicaError(where + thrown.what_without_backtrace());
    } catch (const std::exception& thrown) {
      throw ReplicaError(where + thrown.what());
    }
  }
};

ReplicaThreads::ReplicaThreads(const std::vector<c10::Device>& devices) : state_(std::make_unique<State>()) {
  state_->devices = devices;
  for (size_t i = 1; i < devices.size(); ++i) {
    state_->threads.emplace_back([state = state_.get(), i] { state->serve(i); });
  }
}

ReplicaThreads::~ReplicaThreads() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ends = true;
  }
  state_->begun.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

void ReplicaThreads::run(size_t count, const std::function<void(size_t)>& work) {
  State& state = *state_;
  Call call{.work = work,
            .thread_state = ThreadState(state.devices[0].type()),
            .errors = std::vector<std::exception_ptr>(count)};
  const c10::impl::VirtualGuardImpl guard(state.devices[0].type());
  for (size_t i = 0; i < count; ++i) call.streams.push_back(guard.getStream(state.devices[i]));
  {
    const std::lock_guard lock(state.mutex);
    state.call = &call;
    state.count = count;
    state.pending = count - 1;
    ++state.calls;
  }
  state.begun.notify_all();
  do_one(call, 0);
  {
    std::unique_lock lock(state.mutex);
    state.done.wait(lock, [&] { return state.pending == 0; });
  }
  for (size_t i = 0; i < count; ++i) {
    if (call.errors[i]) state.rethrow(i, call.errors[i]);
  }
}

}  // namespace torch_ext
