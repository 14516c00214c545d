#include "libtorch_ext/data/loader/epoch.h"

#include <algorithm>
#include <thread>

#include "libtorch_ext/data/shape_error.h"

namespace torch_ext::loading {
namespace {

constexpr double kPieceNs = 100'000;
constexpr auto kGraceToClose = std::chrono::milliseconds(2);

}  // namespace

Epoch::Epoch(std::shared_ptr<Job> job, std::shared_ptr<Ring> ring, uint64_t seed, int64_t first, int64_t batches)
    : job_(std::move(job)), seed_(seed), ring_(std::move(ring)), next_(first), gate_(first), end_(batches) {}

bool Epoch::work() {
  at_work_.fetch_add(1);
  const bool worked = !closed_.load() && work_now();
  at_work_.fetch_sub(1);
  return worked;
}

void Epoch::open_next() {
  const int64_t batch = gate_.load();
  if (batch >= end()) return;
  arm(slot(batch), batch);
  gate_.store(batch + 1);
}

template <class Condition>
bool Epoch::wait_until(Condition condition, std::optional<Clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  waiting_.store(true);
  bool in_time = true;
  if (deadline) {
    in_time = settled_.wait_until(lock, *deadline, condition);
  } else {
    settled_.wait(lock, condition);
  }
  waiting_.store(false);
  return in_time;
}

bool Epoch::wait(int64_t batch, std::optional<Clock::time_point> deadline) {
  return settled(batch) || wait_until([&] { return settled(batch); }, deadline);
}

bool Epoch::wait_any(int64_t first, std::optional<Clock::time_point> deadline) {
  auto any = [&] { return first >= end() || any_ready(first) || interrupted_.load(); };
  return any() || wait_until(any, deadline);
}

void Epoch::interrupt() {
  interrupted_.store(true);
  notify();
}

std::optional<int64_t> Epoch::any_ready(int64_t first) const {
  for (int64_t batch = first; batch < std::min(gate(), end()); ++batch) {
    if (slot(batch).batch == batch && is_ready(batch)) return batch;
  }
  return std::nullopt;
}

int64_t Epoch::ready_count() const {
  return std::count_if(ring_->begin(), ring_->end(), [](const auto& slot) { return slot->ready.load(); });
}

bool Epoch::close() {
  closed_.store(true);
  const auto deadline = Clock::now() + kGraceToClose;
  while (at_work_.load() > 0) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

int64_t Epoch::piece() const {
  const double samples = kPieceNs / std::max(1.0, job_->sample_ns.load(std::memory_order_relaxed));
  return std::max<int64_t>(1, static_cast<int64_t>(std::min(samples, 1e9)));
}

void Epoch::count_time(Clock::time_point began, int64_t samples) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count();
  read_ns_.fetch_add(ns, std::memory_order_relaxed);
  constexpr double kWeight = 0.25;
  const double old = job_->sample_ns.load(std::memory_order_relaxed);
  const double now = static_cast<double>(ns) / static_cast<double>(samples);
  job_->sample_ns.store(old + kWeight * (now - old), std::memory_order_relaxed);
}

void Epoch::filled(Slot& slot, int64_t count) {
  if (slot.missing.fetch_sub(count) != count) return;
  complete(slot);
  slot.ready.store(true);
  notify();
}

void Epoch::complete(Slot& slot) const {
  if (!job_->fields.empty()) return;
  std::erase_if(slot.samples, [](const Sample& sample) { return sample.empty(); });
  const bool all_there = slot.failures.empty() || job_->on_error != OnError::kRaise;
  if (!all_there || slot.samples.empty()) return;
  try {
    slot.collated = job_->collate ? job_->collate(slot.samples) : default_collate(slot.samples);
  } catch (const ShapeError& error) {
    slot.collate_error = named(error, slot);
  } catch (...) {
    slot.collate_error = std::current_exception();
  }
  slot.samples.clear();
}

// The error with the samples' names, where it is about the batch's own samples, not about what `collate` made of them.
std::exception_ptr Epoch::named(const ShapeError& error, const Slot& slot) const {
  const auto& [field, sample, found, expected] = error.mismatch();
  if (sample >= slot.samples.size() || slot.samples[sample][field].sizes() != found) return std::current_exception();
  return std::make_exception_ptr(ShapeError(error.mismatch(), name_of(slot, sample), name_of(slot, 0)));
}

// What the user calls one of the samples that are there: rows that failed have none.
std::string Epoch::name_of(const Slot& slot, size_t sample) const {
  int64_t row = -1;
  int64_t index = 0;
  for (bool there = false; !there || sample-- > 0;) {
    index = ++row < static_cast<int64_t>(slot.indices.size()) ? slot.indices[static_cast<size_t>(row)]
                                                              : slot.batch * job_->batch_size + row;
    there = true;
    for (const Failure& failure : slot.failures) {
      if (failure.row != row) continue;
      there = failure.substituted;
      if (there) index = (failure.index + 1) % job_->dataset->size();
    }
  }
  return job_->dataset ? name_or_index(*job_->dataset, index) : "sample " + std::to_string(index);
}

void Epoch::set_end(int64_t end) {
  end_.store(end);
  notify();
}

void Epoch::notify() {
  if (!waiting_.load()) return;
  const std::lock_guard lock(mutex_);
  settled_.notify_one();
}

}  // namespace torch_ext::loading
