#include "tests/data/counting.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using tx::testing::Batches;
using tx::testing::ContainsSubstring;
using tx::testing::read_epoch;

namespace {

// The numbers from 0 to size - 1, every shard's in turn; -1 stands for a failure of the stream itself.
struct Numbers : tx::StreamDataset {
  explicit Numbers(int64_t size, int64_t failing = -1) : count(size), bad(failing) {}

  struct Stream : tx::SampleStream {
    std::optional<tx::Sample> next() override {
      if (at >= dataset->count) return std::nullopt;
      TORCH_CHECK(at != dataset->bad, "the line is down");
      const int64_t number = at;
      at += step;
      return tx::Sample{torch::tensor(number)};
    }
    const Numbers* dataset = nullptr;
    int64_t at = 0;
    int64_t step = 1;
  };

  std::unique_ptr<tx::SampleStream> open(int64_t, const tx::Shard& shard) const override {
    auto stream = std::make_unique<Stream>();
    stream->dataset = this;
    stream->at = shard.index;
    stream->step = shard.count;
    return stream;
  }
  tx::Sample finish(tx::Sample sample, tx::Random& random) const override {
    return {sample[0], torch::tensor(random.uniform())};
  }
  int64_t count;
  int64_t bad;
};

}  // namespace

TEST_CASE("a stream comes in order, for any number of workers, with the same randomness") {
  const int64_t size = GENERATE(0, 1, 9, 10, 100);
  const bool drop_last = GENERATE(false, true);
  const auto dataset = std::make_shared<Numbers>(size);
  std::vector<at::Tensor> expected;
  for (const int64_t workers : {0, 1, 4}) {
    auto loader = tx::make_loader(dataset, {.batch_size = 5, .num_workers = workers, .drop_last = drop_last, .seed = 1});
    std::vector<at::Tensor> seen;
    for (int epoch = 0; epoch < 2; ++epoch) {
      int64_t number = 0;
      for (const auto& batch : *loader) {
        CHECK(batch.data[0].item<int64_t>() == number);
        number += batch.size();
        seen.push_back(batch.target.clone());
      }
      CHECK(number == (drop_last ? size / 5 * 5 : size));
    }
    if (workers == 0) expected = seen;
    REQUIRE(seen.size() == expected.size());
    for (size_t i = 0; i < seen.size(); ++i) CHECK(torch::equal(seen[i], expected[i]));
  }
}

TEST_CASE("a stream resumes at any batch") {
  const auto dataset = std::make_shared<Numbers>(23);
  auto whole = tx::make_loader(dataset, {.batch_size = 4, .seed = 9});
  std::vector<at::Tensor> expected;
  for (const auto& batch : *whole) expected.push_back(batch.target.clone());
  const int64_t stop = GENERATE(range(0, 7));
  auto stopped = tx::make_loader(dataset, {.batch_size = 4, .num_workers = 2, .seed = 9});
  int64_t read = 0;
  auto it = stopped->begin();
  for (; read < stop && it != stopped->end(); ++it) ++read;
  auto resumed = tx::make_loader(dataset, {.batch_size = 4, .num_workers = 3});
  auto seeded = tx::make_loader(dataset, {.batch_size = 4, .num_workers = 3, .seed = 1});
  for (auto& loader : {resumed, seeded}) {
    loader->load_state_dict(stopped->state_dict());
    size_t next = static_cast<size_t>(std::min<int64_t>(stop, 6));
    for (const auto& batch : *loader) CHECK(torch::equal(batch.target, expected.at(next++)));
    CHECK(next == 6);
  }
}

TEST_CASE("shards of a stream share its samples out") {
  const auto dataset = std::make_shared<Numbers>(10);
  CHECK(read_epoch(*tx::make_loader(dataset, {.batch_size = 3, .shard = {.index = 1, .count = 2}})) ==
        Batches{{1, 3, 5}, {7, 9}});
}

TEST_CASE("a stream that fails is an error that says where, and ends the epoch") {
  for (const int64_t workers : {0, 2}) {
    auto loader = tx::make_loader(std::make_shared<Numbers>(100, 7), {.batch_size = 5, .num_workers = workers});
    CHECK_THROWS_WITH(read_epoch(*loader), ContainsSubstring("sample 7 (epoch 0, batch 1, row 2): the line is down"));
    auto skipping = tx::make_loader(std::make_shared<Numbers>(100, 7),
                                    {.batch_size = 5, .num_workers = workers, .on_error = tx::OnError::kSkip});
    CHECK(read_epoch(*skipping) == Batches{{0, 1, 2, 3, 4}, {5, 6}});
  }
}

TEST_CASE("what needs samples by index is refused for a stream") {
  const auto dataset = std::make_shared<Numbers>(10);
  CHECK_THROWS_AS(tx::make_loader(dataset, {.shuffle = true}), c10::ValueError);
  CHECK_THROWS_AS(tx::make_loader(dataset, {.on_error = tx::OnError::kSubstitute}), c10::ValueError);
  CHECK_THROWS_AS(tx::make_loader(dataset)->size(), c10::TypeError);
  CHECK_THROWS_AS(tx::make_loader(dataset)->dataset(), c10::TypeError);
}
