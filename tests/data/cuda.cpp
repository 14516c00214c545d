#include <torch/torch.h>

#include <memory>
#include <vector>

#include "libtorch_ext/data/datasets/tensor_dataset.h"
#include "libtorch_ext/data/loader.h"
#include "tests/support/cuda.h"

namespace tx = torch_ext;

TEST_CASE("on a GPU: batches lie in pinned memory, and come to the device as they are on the CPU", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const auto dataset = std::make_shared<tx::TensorDataset>(std::vector{torch::randn({1000, 64}), torch::arange(1000)});
  const int64_t workers = GENERATE(0, 2);
  const bool pins = GENERATE(false, true);
  tx::LoaderOptions options{.batch_size = 32, .shuffle = true, .num_workers = workers, .pin_memory = pins, .seed = 5};
  auto plain = tx::make_loader(dataset, options);
  options.device = torch::Device("cuda:0");
  auto on_device = tx::make_loader(dataset, options);
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<tx::Batch> expected, found;
    for (const auto& batch : *plain) {
      CHECK(batch.data.is_pinned() == pins);
      expected.push_back(batch);
    }
    for (const auto& batch : *on_device) {
      CHECK(batch.data.device() == torch::Device("cuda:0"));
      // Work that the copy of the next batch goes on beside.
      const auto weights = torch::ones({64, 2048}, torch::kCUDA);
      for (int i = 0; i < 5; ++i) torch::mm(batch.data, weights);
      found.push_back(batch);
    }
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      CHECK(torch::equal(found[i].data.cpu(), expected[i].data));
      CHECK(torch::equal(found[i].target.cpu(), expected[i].target));
    }
  }
}
