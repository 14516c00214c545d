#pragma once

#include <memory>
#include <mutex>

#include "libtorch_ext/data/loader/epoch.h"

namespace torch_ext::loading {

/// A pass over a stream. One thread at a time takes samples from it; all finish them.
class StreamEpoch : public Epoch {
 public:
  /// `stream` stands at the first sample of batch `first`.
  StreamEpoch(std::shared_ptr<Job> job, std::shared_ptr<Ring> ring, uint64_t seed, int64_t first,
              std::unique_ptr<SampleStream> stream);

 private:
  bool work_now() override;
  void arm(Slot& slot, int64_t batch) override;

  /// Ends the epoch behind row `row` of `batch`, which is the stream's last.
  void end_at(Slot& slot, int64_t batch, int64_t rows);

  std::mutex mutex_;
  std::unique_ptr<SampleStream> stream_;  // null: at its end
  int64_t row_ = 0;                       // of the batch that is being claimed
};

}  // namespace torch_ext::loading
