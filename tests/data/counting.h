#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "libtorch_ext/data/loader.h"

namespace torch_ext::testing {

/// The sample at index i is the number i; `get` gives it.
struct CountingItems : Dataset {
  explicit CountingItems(int64_t size) : count(size) {}
  int64_t size() const override { return count; }
  Sample get(int64_t index, Random&) const override { return {torch::tensor(index), torch::tensor(-index)}; }
  std::string name(int64_t index) const override { return "number-" + std::to_string(index); }
  int64_t count;
};

/// The same, written into rows, with a random number beside it.
struct CountingRows : Dataset {
  explicit CountingRows(int64_t size) : count(size) {}
  int64_t size() const override { return count; }
  std::vector<Field> fields() const override { return {{"number", at::kLong, {}}, {"noise", at::kDouble, {3}}}; }
  void read(const Rows& rows) const override {
    for (int64_t row = 0; row < rows.size(); ++row) {
      Random random = rows.random(row);
      *rows.at<int64_t>(0, row) = rows.index(row);
      for (int i = 0; i < 3; ++i) rows.at<double>(1, row)[i] = random.normal();
    }
  }
  std::string name(int64_t index) const override { return "number-" + std::to_string(index); }
  int64_t count;
};

using Batches = std::vector<std::vector<int64_t>>;

/// The first field, of whole numbers.
inline std::vector<int64_t> numbers(const Batch& batch) {
  const at::Tensor data = batch.data.contiguous();
  return {data.data_ptr<int64_t>(), data.data_ptr<int64_t>() + data.numel()};
}

inline Batches read_epoch(DataLoader& loader) {
  Batches batches;
  for (const auto& batch : loader) batches.push_back(numbers(batch));
  return batches;
}

}  // namespace torch_ext::testing
