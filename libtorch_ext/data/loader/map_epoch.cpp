#include "libtorch_ext/data/loader/map_epoch.h"

#include "libtorch_ext/data/loader/batch_memory.h"

namespace torch_ext::loading {

MapEpoch::MapEpoch(std::shared_ptr<Job> job, std::shared_ptr<Ring> ring, uint64_t seed, int64_t first,
                   std::shared_ptr<const Plan> plan)
    : Epoch(std::move(job), std::move(ring), seed, first, plan->batches), plan_(std::move(plan)) {}

void MapEpoch::arm(Slot& slot, int64_t batch) {
  const auto indices = plan_->batch(batch);
  if (job_->fields.empty()) {
    slot.samples.assign(indices.size(), {});
  } else {
    provide_memory(slot, job_->fields, static_cast<int64_t>(indices.size()), job_->pin_memory);
  }
  slot.arm(batch, static_cast<int64_t>(indices.size()), indices);
}

bool MapEpoch::work_now() {
  const int64_t batch = next();
  if (batch >= gate()) return false;
  Slot& place = slot(batch);
  const Slot::Claim claim = place.claim(batch, piece());
  if (claim.last) advance(batch);
  if (claim.count == 0) return true;
  const auto began = Clock::now();
  read(place, claim.first, claim.count);
  count_time(began, claim.count);
  filled(place, claim.count);
  return true;
}

void MapEpoch::read(Slot& slot, int64_t first, int64_t count) const {
  if (job_->fields.empty()) {
    for (int64_t row = first; row < first + count; ++row) read_one(slot, row);
    return;
  }
  try {
    job_->dataset->read(Rows(slot.indices, slot.columns, seed_).slice(first, count));
  } catch (...) {
    // Once more, to learn which samples it is; the others come out the same.
    for (int64_t row = first; row < first + count; ++row) read_one(slot, row);
  }
}

void MapEpoch::put(Slot& slot, int64_t row, int64_t index) const {
  if (job_->fields.empty()) {
    Random random(seed_, static_cast<uint64_t>(index));
    Sample sample = job_->dataset->get(index, random);
    TORCH_CHECK_VALUE(!sample.empty(), "the dataset's get() returned no tensors");
    slot.samples[static_cast<size_t>(row)] = std::move(sample);
  } else {
    std::vector<Rows::Column> columns = slot.columns;
    for (auto& column : columns) column.data += static_cast<size_t>(row) * column.stride;
    job_->dataset->read(Rows(std::span(&index, 1), columns, seed_));
  }
}

void MapEpoch::read_one(Slot& slot, int64_t row) const {
  constexpr int64_t kMaxSubstitutes = 100;
  int64_t index = slot.indices[static_cast<size_t>(row)];
  for (int64_t attempt = 0;; ++attempt) {
    try {
      put(slot, row, index);
      return;
    } catch (...) {
      const bool substitute = job_->on_error == OnError::kSubstitute && attempt < kMaxSubstitutes;
      slot.fail({row, index, std::current_exception(), substitute});
      if (!substitute) return;
      index = (index + 1) % job_->dataset->size();
    }
  }
}

}  // namespace torch_ext::loading
