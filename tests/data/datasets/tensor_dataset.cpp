#include "libtorch_ext/data/datasets/tensor_dataset.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "tests/support/catch.h"

namespace torch_ext {

TEST_CASE("a TensorDataset's batch is index_select of its tensors, whatever the size of a sample", "[datasets]") {
  std::vector<int64_t> indices{3, 0, 99, 3, 50, 51, 7};
  while (indices.size() < 150) indices.push_back(static_cast<int64_t>(indices.size()) * 37 % 100);
  const at::Tensor selected = at::tensor(indices);
  std::vector<at::Tensor> tensors;
  for (const int64_t size : {0, 1, 2, 3, 4, 8, 16, 31, 32, 33, 100}) {
    tensors.push_back(at::randint(0, 256, {100, size}, at::kByte));
    tensors.push_back(at::rand({100, 2, size}, at::kDouble).transpose(1, 2));
  }
  tensors.push_back(at::arange(100));
  const TensorDataset dataset(tensors);
  const Batch batch = get_batch(dataset, indices);
  for (size_t i = 0; i < tensors.size(); ++i) CHECK(at::equal(batch[i], tensors[i].index_select(0, selected)));
  CHECK(batch.more.back().sizes() == at::IntArrayRef{150});
}

TEST_CASE("a TensorDataset shares memory with a contiguous tensor", "[datasets]") {
  at::Tensor numbers = at::zeros({3});
  const TensorDataset dataset({numbers});
  numbers.fill_(5);
  const std::vector<int64_t> indices{1};
  CHECK(at::equal(get_batch(dataset, indices).data, at::full({1}, 5.0)));
}

TEST_CASE("tensors that don't fit into a TensorDataset are refused", "[datasets]") {
  using testing::ContainsSubstring;
  CHECK_THROWS_WITH(TensorDataset({}), ContainsSubstring("found no tensors"));
  CHECK_THROWS_WITH(TensorDataset({at::zeros({3, 2}), at::zeros({4})}),
                    ContainsSubstring("tensor 1 has the shape [4], expected 3 samples as in the first"));
  CHECK_THROWS_WITH(TensorDataset({at::zeros({})}), ContainsSubstring("tensor 0 has no dimension for the samples"));
}

}  // namespace torch_ext
