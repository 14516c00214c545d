// The ten defects of LibTorch's own loader (torch/data/dataloader), each as a claim that holds here. The others are
// claims of loader_workers.cpp, loader_errors.cpp and bench/loader_speed.py.
#include <set>

#include "tests/data/counting.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using tx::testing::Batches;
using tx::testing::CountingItems;
using tx::testing::CountingRows;
using tx::testing::numbers;
using tx::testing::read_epoch;

namespace {

struct FourBad : CountingItems {
  using CountingItems::CountingItems;
  tx::Sample get(int64_t index, tx::Random& random) const override {
    TORCH_CHECK(index != 100 && index != 300 && index != 301 && index != 700, "decode failed");
    return CountingItems::get(index, random);
  }
};

}  // namespace

TEST_CASE("defect 1: a new epoch begins after a break, anywhere") {
  const int64_t workers = GENERATE(0, 2);
  auto loader = tx::make_loader(std::make_shared<CountingRows>(100), {.batch_size = 10, .num_workers = workers});
  for (int64_t stop = 1; stop <= 10; ++stop) {
    int64_t read = 0;
    for (const auto& batch : *loader) {
      CHECK(numbers(batch).front() == 10 * read);
      if (++read == stop) break;
    }
  }
  CHECK(read_epoch(*loader).size() == 10);
}

TEST_CASE("defect 2: after 4 bad samples in 100 batches, the 97 good batches come") {
  const int64_t workers = GENERATE(0, 2, 4);
  auto loader = tx::make_loader(std::make_shared<FourBad>(1000), {.batch_size = 10, .num_workers = workers});
  int64_t good = 0;
  int64_t bad = 0;
  for (auto it = loader->begin();; ++it) {
    try {
      if (it == loader->end()) break;
      ++good;
    } catch (const tx::SampleError&) {
      ++bad;
    }
  }
  CHECK(good == 97);  // 300 and 301 are in one batch
  CHECK(bad == 3);
}

TEST_CASE("defect 4: each epoch of a shard has another order, and shards stay disjoint") {
  const auto dataset = std::make_shared<CountingItems>(101);
  std::vector<std::shared_ptr<tx::DataLoader>> ranks;
  for (int64_t rank = 0; rank < 4; ++rank) {
    ranks.push_back(tx::make_loader(
        dataset, {.batch_size = 7, .shuffle = true, .num_workers = rank, .drop_last = true, .seed = 5, .shard = {rank, 4}}));
  }
  std::set<Batches> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> seen;
    for (const auto& rank : ranks) {
      const Batches batches = read_epoch(*rank);
      CHECK(batches.size() == 3);
      orders.insert(batches);
      for (const auto& batch : batches) seen.insert(batch.begin(), batch.end());
    }
    CHECK(seen.size() == 4 * 21);
  }
  CHECK(orders.size() == 12);
}

TEST_CASE("defect 5: a loader goes on at the sample where another stopped, whatever the workers and the generator") {
  const auto dataset = std::make_shared<CountingRows>(1000);
  const bool is_global = GENERATE(true, false);
  const auto options = [&](int64_t workers) {
    tx::LoaderOptions result{.batch_size = 10, .shuffle = true, .num_workers = workers};
    if (!is_global) result.seed = 1;
    return result;
  };
  torch::manual_seed(7);
  auto whole = tx::make_loader(dataset, options(1));
  const Batches first = read_epoch(*whole);
  const Batches second = read_epoch(*whole);

  torch::manual_seed(7);
  auto stopped = tx::make_loader(dataset, options(0));
  CHECK(read_epoch(*stopped) == first);
  Batches got;
  tx::LoaderState state;
  at::Tensor global;
  for (const auto& batch : *stopped) {
    got.push_back(numbers(batch));
    state = stopped->state_dict();
    if (got.size() == 64) break;
  }
  CHECK(state.epoch == 1);
  CHECK(state.batch == 64);
  auto resumed = tx::make_loader(dataset, options(3));
  resumed->load_state_dict(state);
  CHECK(resumed->state_dict().batch == 64);
  for (auto& batch : read_epoch(*resumed)) got.push_back(std::move(batch));
  CHECK(got == second);
}

TEST_CASE("defect 6: random augmentation is the same in ten of ten runs with two workers") {
  const auto dataset = std::make_shared<CountingRows>(300);
  auto noise = [&] {
    std::vector<at::Tensor> seen;
    auto loader = tx::make_loader(dataset, {.batch_size = 8, .shuffle = true, .num_workers = 2, .seed = 1});
    for (const auto& batch : *loader) {
      seen.push_back(batch.target.clone());
    }
    return torch::cat(seen);
  };
  const at::Tensor expected = noise();
  for (int run = 1; run < 10; ++run) CHECK(torch::equal(noise(), expected));
}
