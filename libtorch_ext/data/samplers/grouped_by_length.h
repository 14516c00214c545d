#pragma once

#include <optional>

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

struct GroupedByLengthOptions {
  /// Batches that are sorted together; by default 50, or fewer so that there are at least 4 such groups.
  std::optional<int64_t> mega_batch_mult;
};

/// Samples of about the same length next to each other, so that batches need little padding, yet in random order:
/// Hugging Face's `LengthGroupedSampler`, and the same orders for the same generator.
///
/// Algorithm (https://huggingface.co/docs/transformers, `TrainingArguments.group_by_length`): permute all samples, cut
/// them into groups of `mega_batch_mult * batch_size`, sort each by length, longest first; the longest sample of all
/// changes places with the first, so that a lack of memory shows at once.
///
///     tx::GroupedByLength(lengths, 32)
class GroupedByLength : public Sampler {
 public:
  /// `lengths`: of each sample. Throws a `c10::ValueError` for a batch size or group below 1.
  GroupedByLength(std::vector<int64_t> lengths, int64_t batch_size, GroupedByLengthOptions options = {});

  int64_t size() const override { return static_cast<int64_t>(lengths_.size()); }
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;

 private:
  std::vector<int64_t> lengths_;
  int64_t group_size_;
};

}  // namespace torch_ext
