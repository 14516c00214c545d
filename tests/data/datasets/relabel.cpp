#include "libtorch_ext/data/datasets/relabel.h"

#include <torch/torch.h>

#include "libtorch_ext/data/datasets/tensor_dataset.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;

TEST_CASE("relabel changes classes alone, one by one and in batches") {
  const at::Tensor images = torch::rand({4, 1, 2, 2});
  const auto plain = std::make_shared<tx::TensorDataset>(std::vector<at::Tensor>{images, torch::tensor({0, 1, 1, 0})});
  const auto renamed = tx::relabel(plain, {2, 5});
  const std::vector<int64_t> all = {0, 1, 2, 3};
  const tx::Batch batch = tx::get_batch(*renamed, all);
  CHECK(torch::equal(batch.data, images));
  CHECK(torch::equal(batch.target, torch::tensor({2, 5, 5, 2})));
  tx::Random random(0, 0);
  CHECK(renamed->get(1, random)[1].item<int64_t>() == 5);
  CHECK((renamed->fields() == plain->fields()));
}

TEST_CASE("relabel returns the dataset itself where numbers stay, and refuses a class it has no number for") {
  const auto plain = std::make_shared<tx::TensorDataset>(std::vector<at::Tensor>{torch::zeros({2, 1}), torch::tensor({0, 1})});
  CHECK((tx::relabel(plain, {0, 1}) == plain));
  tx::Random random(0, 0);
  CHECK_THROWS_WITH(tx::relabel(plain, {3})->get(1, random),
                    tx::testing::ContainsSubstring("relabel: found the class 1, expected one of 1"));
  CHECK_THROWS_AS(tx::relabel(nullptr, {0}), c10::ValueError);
}
