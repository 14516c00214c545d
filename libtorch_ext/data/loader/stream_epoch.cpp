#include "libtorch_ext/data/loader/stream_epoch.h"

#include <algorithm>

namespace torch_ext::loading {

StreamEpoch::StreamEpoch(std::shared_ptr<Job> job, std::shared_ptr<Ring> ring, uint64_t seed, int64_t first,
                         std::unique_ptr<SampleStream> stream)
    : Epoch(std::move(job), std::move(ring), seed, first, kUnknown), stream_(std::move(stream)) {}

void StreamEpoch::arm(Slot& slot, int64_t batch) {
  slot.samples.assign(static_cast<size_t>(job_->batch_size), {});
  slot.arm(batch, job_->batch_size, {});
}

void StreamEpoch::end_at(Slot& slot, int64_t batch, int64_t rows) {
  stream_.reset();
  const bool whole_batches_only = rows == 0 || (job_->drop_last && rows < job_->batch_size);
  set_end(whole_batches_only ? batch : batch + 1);
  filled(slot, job_->batch_size - rows);
}

bool StreamEpoch::work_now() {
  std::vector<Sample> taken;
  std::unique_lock lock(mutex_);
  const int64_t batch = next();
  if (!stream_ || batch >= gate()) return false;
  Slot& place = slot(batch);
  const int64_t first = row_;
  const int64_t count = std::min(piece(), job_->batch_size - first);
  const auto began = Clock::now();
  int64_t failed = 0;
  bool ended = false;
  try {
    while (static_cast<int64_t>(taken.size()) < count && !ended) {
      if (auto sample = stream_->next()) {
        taken.push_back(std::move(*sample));
      } else {
        ended = true;
      }
    }
  } catch (...) {
    const int64_t row = first + static_cast<int64_t>(taken.size());
    place.fail({row, batch * job_->batch_size + row, std::current_exception()});
    failed = 1;
    ended = true;
  }
  const auto got = static_cast<int64_t>(taken.size());
  row_ += got;
  if (ended) {
    end_at(place, batch, row_ + failed);
  } else if (row_ == job_->batch_size) {
    row_ = 0;
    advance(batch);
  }
  lock.unlock();

  for (int64_t i = 0; i < got; ++i) {
    const int64_t row = first + i;
    const int64_t index = batch * job_->batch_size + row;
    try {
      Random random(seed_, static_cast<uint64_t>(index));
      Sample sample = job_->stream->finish(std::move(taken[static_cast<size_t>(i)]), random);
      TORCH_CHECK_VALUE(!sample.empty(), "the stream gave a sample of no tensors");
      place.samples[static_cast<size_t>(row)] = std::move(sample);
    } catch (...) {
      place.fail({row, index, std::current_exception()});
    }
  }
  if (got > 0) count_time(began, got);
  if (got + failed > 0) filled(place, got + failed);
  return true;
}

}  // namespace torch_ext::loading
