#include "libtorch_ext/data/loader/workers.h"

#include <ATen/Parallel.h>
#include <c10/util/ParallelGuard.h>

#include <atomic>
#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <optional>
#include <thread>

#include "libtorch_ext/data/worker_info.h"

namespace torch_ext {
namespace {

thread_local const WorkerInfo* g_worker_info = nullptr;

// For this thread alone: at::set_num_threads would set it for all that start later. LibTorch brings the OpenMP runtime;
// which one it is, only the program knows.
void use_one_openmp_thread() {
  at::get_num_threads();  // sets the thread's default, so that nothing does later
  using Setter = void (*)(int);
  if (auto* setter = reinterpret_cast<Setter>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) setter(1);
}

}  // namespace

const WorkerInfo* get_worker_info() { return g_worker_info; }

namespace loading {
namespace {

constexpr auto kGraceToEnd = std::chrono::seconds(1);

}  // namespace

struct Workers::Shared {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable ended;
  std::shared_ptr<Epoch> epoch;
  std::exception_ptr error;
  std::atomic<int64_t> sleeping = 0;
};

// Guarded by Shared::mutex, but for the thread.
struct Workers::Worker {
  WorkerInfo info;
  std::function<void(int64_t)> init;
  std::thread thread;
  bool busy = false;
  bool dismissed = false;
  bool ended = false;
};

Workers::Workers(std::function<void(int64_t)> init) : shared_(std::make_shared<Shared>()), init_(std::move(init)) {}

Workers::~Workers() { end(std::move(threads_)); }

void Workers::run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& worker) {
  g_worker_info = &worker->info;
  use_one_openmp_thread();
  const c10::ParallelGuard no_teams(true);
  std::exception_ptr error;
  try {
    if (worker->init) worker->init(worker->info.id);
  } catch (...) {
    error = std::current_exception();
  }
  std::unique_lock lock(shared->mutex);
  if (error) {
    shared->error = error;
    if (shared->epoch) shared->epoch->interrupt();
  }
  while (!worker->dismissed && !error) {
    ++shared->sleeping;
    shared->work.wait(lock, [&] { return worker->dismissed || (shared->epoch && shared->epoch->has_work()); });
    --shared->sleeping;
    if (worker->dismissed) break;
    std::shared_ptr<Epoch> epoch = shared->epoch;
    worker->busy = true;
    lock.unlock();
    while (epoch->work()) {
    }
    epoch.reset();
    lock.lock();
    worker->busy = false;
  }
  worker->ended = true;
  shared->ended.notify_all();
}

void Workers::start(int64_t id) {
  auto worker = std::make_shared<Worker>();
  worker->info.id = id;
  worker->info.num_workers = size();
  worker->init = init_;
  worker->thread = std::thread([shared = shared_, worker] { run(shared, worker); });
  threads_[static_cast<size_t>(id)] = std::move(worker);
}

void Workers::resize(int64_t count) {
  const int64_t before = size();
  if (count < before) {
    std::vector<std::shared_ptr<Worker>> rest(threads_.begin() + count, threads_.end());
    threads_.resize(static_cast<size_t>(count));
    end(std::move(rest));
  }
  threads_.resize(static_cast<size_t>(count));
  for (int64_t id = before; id < count; ++id) start(id);
}

void Workers::end(std::vector<std::shared_ptr<Worker>> workers) {
  std::unique_lock lock(shared_->mutex);
  for (const auto& worker : workers) worker->dismissed = true;
  shared_->work.notify_all();
  const auto deadline = Clock::now() + kGraceToEnd;
  for (const auto& worker : workers) {
    shared_->ended.wait_until(lock, deadline, [&] { return worker->ended; });
    const bool ended = worker->ended;
    lock.unlock();
    ended ? worker->thread.join() : worker->thread.detach();
    lock.lock();
  }
}

void Workers::assign(std::shared_ptr<Epoch> epoch) {
  const std::lock_guard lock(shared_->mutex);
  std::swap(shared_->epoch, epoch);
  if (shared_->error && shared_->epoch) shared_->epoch->interrupt();
  shared_->work.notify_all();
}

void Workers::wake() {
  if (shared_->sleeping.load() == 0) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->work.notify_all();
}

void Workers::replace_busy() {
  std::vector<int64_t> replaced;
  {
    const std::lock_guard lock(shared_->mutex);
    for (const auto& worker : threads_) {
      if (!worker->busy) continue;
      worker->dismissed = true;
      worker->thread.detach();
      replaced.push_back(worker->info.id);
    }
  }
  for (const int64_t id : replaced) start(id);
}

void Workers::check() const {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->error) std::rethrow_exception(shared_->error);
}

}  // namespace loading
}  // namespace torch_ext
