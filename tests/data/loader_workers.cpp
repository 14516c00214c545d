#include <fstream>
#include <set>
#include <thread>

#include "libtorch_ext/data/loader/tuner.h"
#include "libtorch_ext/data/pad_collate.h"
#include "libtorch_ext/data/worker_info.h"
#include "tests/data/counting.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using tx::testing::Batches;
using tx::testing::CountingItems;
using tx::testing::CountingRows;
using tx::testing::numbers;
using tx::testing::read_epoch;

namespace {

// All that two epochs hand out, as one tensor.
at::Tensor all_of(const std::shared_ptr<const tx::Dataset>& dataset, tx::LoaderOptions options) {
  auto loader = tx::make_loader(dataset, options);
  std::vector<at::Tensor> seen;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const auto& batch : *loader) {
      seen.push_back(batch.data.to(torch::kDouble).flatten().clone());
      seen.push_back(batch.target.to(torch::kDouble).flatten().clone());
    }
  }
  return torch::cat(seen);
}

// Draws from its own randomness only.
struct NoisyItems : CountingItems {
  using CountingItems::CountingItems;
  tx::Sample get(int64_t index, tx::Random& random) const override {
    return {torch::tensor(index), torch::tensor({random.uniform(), random.normal(), random.uniform(-1, 1)})};
  }
};

int64_t threads_of_this_process() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "Threads:") {
      int64_t count = 0;
      status >> count;
      return count;
    }
  }
  return -1;
}

}  // namespace

TEST_CASE("every number of workers gives the same batches, augmented by rows or by item, bit for bit") {
  const bool by_rows = GENERATE(true, false);
  const int64_t batch_size = GENERATE(1, 7, 64);
  std::shared_ptr<const tx::Dataset> dataset;
  if (by_rows) {
    dataset = std::make_shared<CountingRows>(500);
  } else {
    dataset = std::make_shared<NoisyItems>(500);
  }
  auto with = [&](std::optional<int64_t> workers) {
    return all_of(dataset, {.batch_size = batch_size, .shuffle = true, .num_workers = workers, .seed = 3});
  };
  const at::Tensor expected = with(0);
  CHECK(expected.numel() == 2 * 500 * 4);
  for (const int64_t workers : {1, 2, 3, 7}) CHECK(torch::equal(with(workers), expected));
  CHECK(torch::equal(with(std::nullopt), expected));
  for (const int64_t factor : {1, 5}) {
    CHECK(torch::equal(
        all_of(dataset,
               {.batch_size = batch_size, .shuffle = true, .num_workers = 2, .seed = 3, .prefetch_factor = factor}),
        expected));
  }
}

TEST_CASE("a sample's random numbers differ from epoch to epoch, from sample to sample and from seed to seed") {
  const auto dataset = std::make_shared<CountingRows>(100);
  const at::Tensor noise = all_of(dataset, {.batch_size = 100, .seed = 1}).reshape({2, 400}).slice(1, 100);
  CHECK(!torch::equal(noise[0], noise[1]));
  CHECK(std::get<0>(at::_unique(noise)).numel() == noise.numel());
  const at::Tensor other = all_of(dataset, {.batch_size = 100, .seed = 2}).reshape({2, 400}).slice(1, 100);
  CHECK(!torch::equal(noise[0], other[0]));
}

TEST_CASE("without order, every sample comes once") {
  auto loader = tx::make_loader(std::make_shared<CountingItems>(1000),
                                {.batch_size = 8, .shuffle = true, .num_workers = 3, .seed = 0, .in_order = false});
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::multiset<int64_t> seen;
    for (const auto& batch : read_epoch(*loader)) seen.insert(batch.begin(), batch.end());
    CHECK(seen.size() == 1000);
    CHECK(std::set<int64_t>(seen.begin(), seen.end()).size() == 1000);
  }
}

TEST_CASE("batches that are kept stay as they are; those let go are used again") {
  const int64_t workers = GENERATE(0, 2);
  auto loader = tx::make_loader(std::make_shared<CountingRows>(640), {.batch_size = 16, .num_workers = workers});
  std::vector<tx::Batch> kept;
  std::vector<at::Tensor> views;
  std::vector<at::Tensor> copies;
  for (const auto& batch : *loader) {
    copies.push_back(batch.data.clone());
    if (kept.size() % 2 == 0) {
      kept.push_back(batch);
    } else {
      kept.push_back({});
      views.push_back(batch.data.view({4, 4}));
    }
  }
  REQUIRE(kept.size() == 40);
  for (size_t i = 0; i < kept.size(); ++i) {
    CHECK(torch::equal(i % 2 == 0 ? kept[i].data : views[i / 2].flatten(), copies[i]));
  }
  std::set<void*> addresses;
  for (const auto& batch : *loader) addresses.insert(batch.data.data_ptr());
  CHECK(addresses.size() <= 5);
}

TEST_CASE("what a caller does to a batch does not reach the next one") {
  auto loader = tx::make_loader(std::make_shared<CountingRows>(64), {.batch_size = 8});
  for (int epoch = 0; epoch < 2; ++epoch) {
    int64_t first = 0;
    for (auto batch : *loader) {
      REQUIRE(batch.data.sizes() == at::IntArrayRef({8}));
      REQUIRE(batch.target.sizes() == at::IntArrayRef({8, 3}));
      REQUIRE(!batch.target.requires_grad());
      CHECK(batch.data[0].item<int64_t>() == first);
      first += 8;
      batch.data.unsqueeze_(0);
      batch.target.resize_({2, 2});
      batch.target.requires_grad_();
    }
  }
}

TEST_CASE("workers are told who they are, and what their init throws arrives") {
  struct Asking : CountingItems {
    using CountingItems::CountingItems;
    tx::Sample get(int64_t index, tx::Random& random) const override {
      const auto* info = tx::get_worker_info();
      TORCH_CHECK(info && info->num_workers == 2 && info->id >= 0 && info->id < 2);
      return CountingItems::get(index, random);
    }
  };
  std::atomic<int64_t> started = 0;
  auto loader = tx::make_loader(std::make_shared<Asking>(100),
                                {.batch_size = 10, .num_workers = 2, .worker_init = [&](int64_t) { ++started; }});
  CHECK(read_epoch(*loader).size() == 10);
  CHECK(read_epoch(*loader).size() == 10);
  CHECK(tx::get_worker_info() == nullptr);
  loader.reset();  // waits for threads that only begin now
  CHECK(started == 2);

  auto failing = tx::make_loader(
      std::make_shared<CountingItems>(100),
      {.batch_size = 10, .num_workers = 2, .worker_init = [](int64_t) { throw std::runtime_error("no licence"); }});
  CHECK_THROWS_WITH(read_epoch(*failing), "no licence");
}

TEST_CASE("a collate function makes the batches") {
  const auto pad = [](const std::vector<tx::Sample>& samples) {
    std::vector<at::Tensor> sequences;
    for (const auto& sample : samples) sequences.push_back(sample[0]);
    return tx::Batch{torch::nn::utils::rnn::pad_sequence(sequences, /*batch_first=*/true)};
  };
  struct Ragged : tx::Dataset {
    int64_t size() const override { return 9; }
    tx::Sample get(int64_t index, tx::Random&) const override { return {torch::full({index + 1}, index)}; }
  };
  for (const int64_t workers : {0, 2}) {
    auto loader =
        tx::make_loader(std::make_shared<Ragged>(), {.batch_size = 4, .num_workers = workers, .collate = pad});
    std::vector<int64_t> widths;
    for (const auto& batch : *loader) widths.push_back(batch.data.size(1));
    CHECK(widths == std::vector<int64_t>{4, 8, 9});
  }
  auto without = tx::make_loader(std::make_shared<Ragged>(), {.batch_size = 4, .num_workers = 2});
  CHECK_THROWS_WITH(read_epoch(*without),
                    tx::testing::ContainsSubstring(
                        "batch 0 (epoch 0): sample 1 has the shape [2], sample 0 [1]; bring all to one size"));
}

TEST_CASE("pad_collate pads each field at its end to the batch's longest") {
  struct Texts : tx::Dataset {
    int64_t size() const override { return 4; }
    tx::Sample get(int64_t i, tx::Random&) const override {
      return {at::full({i % 3 + 1, 2}, i), at::scalar_tensor(i), at::ones({i == 3 ? 2 : 1}, at::kLong)};
    }
  };
  auto loader =
      tx::make_loader(std::make_shared<Texts>(), {.batch_size = 3, .num_workers = 1, .collate = tx::pad_collate(-1)});
  auto it = loader->begin();
  const at::Tensor texts = at::full({3, 3, 2}, -1.0);
  for (int64_t i = 0; i < 3; ++i) texts[i].narrow(0, 0, i + 1).fill_(i);
  CHECK(at::equal(it->data, texts));
  CHECK(at::equal(it->target, at::arange(3.0)));
  CHECK((it->more[0].sizes() == at::IntArrayRef{3, 1} && it->more[0].scalar_type() == at::kLong));
  CHECK(((++it)->data.sizes() == at::IntArrayRef{1, 1, 2}));
  struct Images : tx::Dataset {
    int64_t size() const override { return 2; }
    tx::Sample get(int64_t i, tx::Random&) const override { return {at::ones({3, i + 1})}; }
  };
  CHECK_THROWS_WITH(
      tx::make_loader(std::make_shared<Images>(), {.batch_size = 2, .collate = tx::pad_collate()})->begin()->size(),
      tx::testing::ContainsSubstring("sample 1 has the shape [3, 2], sample 0 [3, 1]"));
}

TEST_CASE("four workers add four threads, however much LibTorch they use") {
  struct Heavy : CountingItems {
    using CountingItems::CountingItems;
    tx::Sample get(int64_t index, tx::Random&) const override {
      const at::Tensor big = torch::ones({600, 600});
      return {torch::mm(big, big).sum().to(torch::kLong) * 0 + index, torch::sum(torch::ones({1 << 20}))};
    }
  };
  const int64_t before = threads_of_this_process();
  auto loader =
      tx::make_loader(std::make_shared<Heavy>(40), {.batch_size = 4, .num_workers = 4, .worker_init = [](auto) {}});
  int64_t most = 0;
  for (const auto& batch : *loader) {
    (void)batch;
    most = std::max(most, threads_of_this_process());
  }
  CHECK(most - before == 4);
}

TEST_CASE("the tuner adds workers while they help, and takes back the one that does not") {
  tx::loading::Tuner tuner(8);
  CHECK(tuner.next(1, 1000, 1, 0.6) == 2);
  CHECK(tuner.next(2, 1900, 1, 0.3) == 3);
  CHECK(tuner.next(3, 1950, 1, 0.3) == 2);
  CHECK(tuner.next(2, 1900, 1, 0.3) == 2);
  CHECK(tuner.next(2, 900, 1, 0.6) == 3);
  tx::loading::Tuner content(8);
  CHECK(content.next(1, 1000, 1, 0.01) == 1);
  tx::loading::Tuner full(2);
  CHECK(full.next(2, 1000, 1, 0.9) == 2);
}

TEST_CASE("the tuner reads further ahead where both sides waited for each other") {
  using tx::loading::Tuner;
  const tx::LoaderMetrics both_waited{.seconds = 1, .wait_seconds = 0.3, .read_seconds = 0.8, .num_workers = 2};
  CHECK(Tuner::prefetch_factor(both_waited, 2) == 4);
  CHECK(Tuner::prefetch_factor(both_waited, 8) == 8);
  const tx::LoaderMetrics all_read{.seconds = 1, .wait_seconds = 0.3, .read_seconds = 2.2, .num_workers = 2};
  CHECK(Tuner::prefetch_factor(all_read, 2) == 2);
  const tx::LoaderMetrics content{.seconds = 1, .wait_seconds = 0.01, .read_seconds = 0.5, .num_workers = 2};
  CHECK(Tuner::prefetch_factor(content, 2) == 2);
}

TEST_CASE("metrics tell who waits for whom") {
  struct Slow : CountingItems {
    using CountingItems::CountingItems;
    tx::Sample get(int64_t index, tx::Random& random) const override {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return CountingItems::get(index, random);
    }
  };
  auto slow = tx::make_loader(std::make_shared<Slow>(50), {.batch_size = 10, .num_workers = 1});
  read_epoch(*slow);
  CHECK(slow->metrics().batches == 5);
  CHECK(slow->metrics().samples == 50);
  CHECK(slow->metrics().wait_share() > 0.5);
  CHECK(slow->metrics().num_workers == 1);

  auto fast = tx::make_loader(std::make_shared<CountingRows>(50), {.batch_size = 10, .num_workers = 1});
  for (const auto& batch : *fast) {
    (void)batch;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(fast->metrics().wait_share() < 0.5);
}

TEST_CASE("a thousand loaders come and go and leave no thread and little memory") {
  const auto dataset = std::make_shared<CountingRows>(100);
  const int64_t before = threads_of_this_process();
  for (int i = 0; i < 1000; ++i) {
    auto loader = tx::make_loader(dataset, {.batch_size = 10, .num_workers = i % 4});
    int64_t batches = 0;
    for (const auto& batch : *loader) {
      batches += batch.size() > 0;
      if (i % 3 == 0 && batches == 4) break;
    }
    if (batches != (i % 3 == 0 ? 4 : 10)) FAIL("loader " << i << " handed out " << batches);
  }
  CHECK(threads_of_this_process() == before);
  CHECK(dataset.use_count() == 1);
}
