#pragma once

#include <memory>

#include "libtorch_ext/data/loader/epoch.h"
#include "libtorch_ext/data/loader/plan.h"

namespace torch_ext::loading {

/// A pass over a dataset with samples by index.
class MapEpoch : public Epoch {
 public:
  MapEpoch(std::shared_ptr<Job> job, std::shared_ptr<Ring> ring, uint64_t seed, int64_t first,
           std::shared_ptr<const Plan> plan);

 private:
  bool work_now() override;
  void arm(Slot& slot, int64_t batch) override;

  void read(Slot& slot, int64_t first, int64_t count) const;
  void read_one(Slot& slot, int64_t row) const;
  void put(Slot& slot, int64_t row, int64_t index) const;

  const std::shared_ptr<const Plan> plan_;
};

}  // namespace torch_ext::loading
