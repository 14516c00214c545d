#include "libtorch_ext/data/loader.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "libtorch_ext/data/loader/batch_memory.h"
#include "libtorch_ext/data/loader/check_options.h"
#include "libtorch_ext/data/loader/device_copy.h"
#include "libtorch_ext/data/loader/map_epoch.h"
#include "libtorch_ext/data/loader/schedule.h"
#include "libtorch_ext/data/loader/stream_epoch.h"
#include "libtorch_ext/data/loader/tuner.h"
#include "libtorch_ext/data/loader/workers.h"

namespace torch_ext {

using loading::Clock;
using loading::Failure;
using loading::Slot;

namespace {

double seconds_since(Clock::time_point time) { return std::chrono::duration<double>(Clock::now() - time).count(); }

int64_t most_workers() { return std::max<int64_t>(1, std::thread::hardware_concurrency() - 1); }

std::shared_ptr<loading::Job> job_of(std::shared_ptr<const Dataset> dataset,
                                     std::shared_ptr<const StreamDataset> stream, const LoaderOptions& options) {
  auto job = std::make_shared<loading::Job>();
  if (dataset && !options.collate) job->fields = dataset->fields();
  job->dataset = std::move(dataset);
  job->stream = std::move(stream);
  job->collate = options.collate;
  job->batch_size = options.batch_size;
  job->drop_last = options.drop_last;
  job->pin_memory = options.pin_memory;
  job->on_error = options.on_error;
  return job;
}

}  // namespace

struct DataLoader::Impl {
  Impl(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const StreamDataset> stream, LoaderOptions given)
      : options(std::move(given)),
        job(job_of(dataset, stream, options)),
        schedule(dataset ? std::optional(dataset->size()) : std::nullopt, options),
        workers(options.worker_init),
        prefetch_factor(options.prefetch_factor.value_or(2)),
        tuner(most_workers()) {}

  void begin();
  void end_epoch();
  void load_state(const LoaderState& state);
  void fetch(Batch& batch);
  LoaderState state() const;

  const LoaderOptions options;
  const std::shared_ptr<loading::Job> job;
  loading::Schedule schedule;
  std::shared_ptr<loading::Ring> ring = std::make_shared<loading::Ring>();
  std::shared_ptr<loading::Epoch> epoch;  // under way
  loading::Workers workers;
  std::vector<SampleError> errors;

  int64_t resume_batch = 0;    // of the epoch that `begin` starts
  int64_t lowest = 0;          // batches below were taken from the epoch
  std::vector<int64_t> ahead;  // and so were these, where they needn't be in order
  std::unique_ptr<loading::DeviceCopy> copying, handed_out;
  std::exception_ptr copying_failed;

 private:
  bool take(Batch& batch);
  std::optional<int64_t> wait();
  void help_or_sleep(int64_t batch, std::optional<Clock::time_point> deadline);
  bool unpack(Slot& slot, Batch& batch);
  void judge(Slot& slot);
  SampleError error_of(const Slot& slot, const Failure& failure) const;
  int64_t error_budget() const;
  std::optional<int64_t> ready() const;
  void fetch_to_device(Batch& batch);
  void start_copying();
  void prepare_ring();
  void tune();

 public:
  // Measured in the epoch under way.
  LoaderMetrics measured;
  Clock::time_point epoch_began;
  double queue_depths = 0;

 private:
  int64_t prefetch_factor;
  loading::Tuner tuner;
  LoaderMetrics window;  // what was measured when the tuner was last asked
  std::optional<c10::Stream> side_stream;
};

// --- Epochs ---------------------------------------------------------------------------------------------------------

void DataLoader::Impl::prepare_ring() {
  const int64_t threads = workers.size();
  const int64_t depth = threads == 0 ? 1 : prefetch_factor * threads + 1;
  while (static_cast<int64_t>(ring->size()) < depth) ring->push_back(std::make_unique<Slot>());
  ring->resize(static_cast<size_t>(depth));
  measured.prefetch_depth = depth;
  measured.num_workers = threads;
}

void DataLoader::Impl::begin() {
  end_epoch();
  if (!options.num_workers && !options.prefetch_factor) {
    prefetch_factor = loading::Tuner::prefetch_factor(measured, prefetch_factor);
  }
  measured = {};
  window = {};
  queue_depths = 0;
  errors.clear();
  if (workers.size() == 0) workers.resize(options.num_workers.value_or(1));
  prepare_ring();
  schedule.begin();
  lowest = std::exchange(resume_batch, 0);
  if (job->dataset) {
    epoch = std::make_shared<loading::MapEpoch>(job, ring, schedule.seed(), lowest, schedule.plan());
  } else {
    auto stream = job->stream->open(schedule.epoch(), options.shard);
    stream->skip(lowest * options.batch_size);
    epoch = std::make_shared<loading::StreamEpoch>(job, ring, schedule.seed(), lowest, std::move(stream));
  }
  epoch_began = Clock::now();
  workers.assign(epoch);
}

void DataLoader::Impl::end_epoch() {
  handed_out.reset();
  copying.reset();
  copying_failed = nullptr;
  ahead.clear();
  if (!epoch) return;
  measured.seconds = seconds_since(epoch_began);
  measured.read_seconds = epoch->read_seconds();
  workers.assign(nullptr);
  if (!epoch->close()) ring = std::make_shared<loading::Ring>();
  epoch.reset();
  if (!options.persistent_workers) workers.resize(0);
}

// --- Batches --------------------------------------------------------------------------------------------------------

void DataLoader::Impl::help_or_sleep(int64_t batch, std::optional<Clock::time_point> deadline) {
  const bool may_help = workers.size() == 0 || !(deadline || options.worker_init);
  if (may_help && epoch->work()) return;
  workers.check();
  const bool in_time = options.in_order ? epoch->wait(batch, deadline) : epoch->wait_any(batch, deadline);
  if (in_time) return;
  const std::string message = c10::str(
      "epoch ", schedule.epoch(), ", batch ", batch, ": not there after ", options.timeout,
      " s; does the dataset wait for something? Raise `timeout`, or begin again, which goes on with this batch");
  load_state(state());
  workers.replace_busy();
  throw LoaderTimeout(message);
}

std::optional<int64_t> DataLoader::Impl::ready() const {
  if (!options.in_order) return epoch->any_ready(lowest);
  return lowest < epoch->end() && epoch->is_ready(lowest) ? std::optional(lowest) : std::nullopt;
}

std::optional<int64_t> DataLoader::Impl::wait() {
  std::optional<Clock::time_point> deadline;
  if (options.timeout > 0) {
    deadline =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.timeout));
  }
  for (;;) {
    if (lowest >= epoch->end()) return std::nullopt;
    if (const auto number = ready()) return number;
    if (epoch->untouched() > 0) workers.wake();
    help_or_sleep(lowest, deadline);
  }
}

bool DataLoader::Impl::take(Batch& batch) {
  while (epoch) {
    const auto depth = static_cast<int64_t>(ring->size());
    while (epoch->gate() < std::min(lowest + depth, epoch->end())) epoch->open_next();
    if (epoch->untouched() > depth / 2) workers.wake();
    schedule.before_batch(lowest);
    queue_depths += static_cast<double>(epoch->ready_count());
    const auto number = wait();
    if (!number) {
      end_epoch();
      return false;
    }
    Slot& slot = epoch->slot(*number);
    slot.ready.store(false);
    ahead.push_back(*number);
    for (auto it = ahead.begin(); (it = std::find(ahead.begin(), ahead.end(), lowest)) != ahead.end(); ++lowest) {
      ahead.erase(it);
    }
    if (unpack(slot, batch)) return true;
  }
  return false;
}

bool DataLoader::Impl::unpack(Slot& slot, Batch& batch) {
  if (!slot.failures.empty()) judge(slot);
  if (slot.collate_error) throw error_of(slot, {-1, -1, slot.collate_error});
  if (job->fields.empty()) {
    batch = std::exchange(slot.collated, {});
    return batch.data.defined();
  }
  int64_t rows = slot.rows;
  if (!slot.failures.empty()) {
    std::vector<int64_t> failed;
    for (const Failure& failure : slot.failures) {
      if (!failure.substituted) failed.push_back(failure.row);
    }
    rows = loading::drop_rows(slot, failed, rows);
  }
  if (rows > 0) batch = loading::batch_of(slot, rows);
  return rows > 0;
}

SampleError DataLoader::Impl::error_of(const Slot& slot, const Failure& failure) const {
  const SamplePosition position{schedule.epoch(), slot.batch, failure.row, failure.index};
  return {position, job->dataset && failure.index >= 0 ? job->dataset->name(failure.index) : "", failure.error};
}

int64_t DataLoader::Impl::error_budget() const {
  constexpr int64_t kHundred = 100;
  if (options.max_errors) return *options.max_errors;
  return job->dataset ? std::max<int64_t>(1, job->dataset->size() / kHundred)
                      : std::max<int64_t>(1, measured.samples / kHundred);
}

void DataLoader::Impl::judge(Slot& slot) {
  std::stable_sort(slot.failures.begin(), slot.failures.end(),
                   [](const Failure& a, const Failure& b) { return a.row < b.row; });
  if (options.on_error == OnError::kRaise) throw error_of(slot, slot.failures.front());
  for (const Failure& failure : slot.failures) {
    ++measured.errors;
    if (measured.errors > error_budget()) throw error_of(slot, failure);
    errors.push_back(error_of(slot, failure));
  }
}

// --- Accelerators ---------------------------------------------------------------------------------------------------

void DataLoader::Impl::start_copying() {
  Batch host;
  if (!side_stream) side_stream = loading::DeviceCopy::side_stream(*options.device);
  if (take(host)) copying = std::make_unique<loading::DeviceCopy>(std::move(host), *options.device, *side_stream);
}

void DataLoader::Impl::fetch_to_device(Batch& batch) {
  handed_out.reset();
  if (copying_failed) std::rethrow_exception(std::exchange(copying_failed, nullptr));
  if (!copying && epoch) start_copying();
  if (!copying) return;
  handed_out = std::move(copying);
  batch = handed_out->get();
  try {
    if (epoch && ready()) start_copying();
  } catch (...) {
    copying_failed = std::current_exception();
  }
}

// --- The caller's side ----------------------------------------------------------------------------------------------

void DataLoader::Impl::fetch(Batch& batch) {
  const auto began = Clock::now();
  if (options.device && !options.device->is_cpu()) {
    fetch_to_device(batch);
  } else {
    take(batch);
  }
  measured.wait_seconds += seconds_since(began);
  if (!batch.data.defined()) return;
  ++measured.batches;
  measured.samples += batch.size();
  if (!options.num_workers) tune();
}

void DataLoader::Impl::tune() {
  const double seconds = seconds_since(epoch_began) - window.seconds;
  if (seconds < loading::Tuner::kWindowSeconds) return;
  const int64_t count = tuner.next(workers.size(), static_cast<double>(measured.samples - window.samples), seconds,
                                   measured.wait_seconds - window.wait_seconds);
  workers.resize(count);
  window = measured;
  window.seconds = seconds_since(epoch_began);
}

LoaderState DataLoader::Impl::state() const {
  LoaderState state = schedule.state(/*between=*/!epoch);
  state.batch = epoch ? lowest - (copying ? 1 : 0) : resume_batch;
  return state;
}

void DataLoader::Impl::load_state(const LoaderState& state) {
  end_epoch();
  schedule.load_state(state);
  resume_batch = state.batch;
}

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset, LoaderOptions options) {
  TORCH_CHECK_VALUE(dataset, "make_loader: found no dataset");
  loading::check_options(options, /*is_stream=*/false);
  impl_ = std::make_unique<Impl>(std::move(dataset), nullptr, std::move(options));
}

DataLoader::DataLoader(std::shared_ptr<const StreamDataset> dataset, LoaderOptions options) {
  TORCH_CHECK_VALUE(dataset, "make_loader: found no dataset");
  loading::check_options(options, /*is_stream=*/true);
  impl_ = std::make_unique<Impl>(nullptr, std::move(dataset), std::move(options));
}

DataLoader::~DataLoader() { impl_->end_epoch(); }

int64_t DataLoader::size() const {
  const auto batches = impl_->schedule.batches();
  TORCH_CHECK_TYPE(batches, "a loader of a stream has no size: the stream's length is not known");
  return *batches;
}

const Dataset& DataLoader::dataset() const {
  TORCH_CHECK_TYPE(impl_->job->dataset, "a loader of a stream has no dataset of samples by index");
  return *impl_->job->dataset;
}

const LoaderOptions& DataLoader::options() const { return impl_->options; }

DataLoader::Iterator DataLoader::begin() {
  impl_->begin();
  return Iterator(*this);
}

const Batch& DataLoader::Iterator::get() const {
  if (!fetched_) {
    fetched_ = true;
    loader_->impl_->fetch(batch_);
  }
  return batch_;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_ = {};
  fetched_ = false;
  return *this;
}

LoaderState DataLoader::state_dict() const { return impl_->state(); }

void DataLoader::load_state_dict(const LoaderState& state) {
  const auto batches = impl_->schedule.batches();
  TORCH_CHECK_VALUE(0 <= state.batch && (!batches || state.batch <= *batches), "found the position ", state.batch,
                    ", expected one from 0 to the ", *batches, " batches of an epoch");
  TORCH_CHECK_VALUE(state.epoch >= 0, "found the epoch ", state.epoch, ", expected 0 or more");
  impl_->load_state(state);
}

void DataLoader::seek_epoch(int64_t epoch) {
  impl_->end_epoch();
  impl_->schedule.seek_epoch(epoch);
  impl_->resume_batch = 0;
}

LoaderMetrics DataLoader::metrics() const {
  LoaderMetrics metrics = impl_->measured;
  if (impl_->epoch) {
    metrics.seconds = seconds_since(impl_->epoch_began);
    metrics.read_seconds = impl_->epoch->read_seconds();
  }
  metrics.num_workers = impl_->workers.size();
  if (metrics.batches > 0) metrics.queue_depth = impl_->queue_depths / static_cast<double>(metrics.batches);
  return metrics;
}

const std::vector<SampleError>& DataLoader::errors() const { return impl_->errors; }

std::shared_ptr<DataLoader> make_loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options) {
  return std::make_shared<DataLoader>(std::move(dataset), std::move(options));
}

std::shared_ptr<DataLoader> make_loader(std::shared_ptr<const StreamDataset> dataset, LoaderOptions options) {
  return std::make_shared<DataLoader>(std::move(dataset), std::move(options));
}

}  // namespace torch_ext
