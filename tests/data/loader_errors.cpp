#include <atomic>
#include <condition_variable>
#include <mutex>

#include "libtorch_ext/data/error.h"
#include "tests/data/counting.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using tx::testing::Batches;
using tx::testing::ContainsSubstring;
using tx::testing::CountingItems;
using tx::testing::CountingRows;
using tx::testing::numbers;
using tx::testing::read_epoch;

namespace {

// Numbers of which some can't be read: those that leave `bad_rest` when divided by 10.
template <class Base>
struct Damaged : Base {
  explicit Damaged(int64_t size, int64_t bad_rest = 3) : Base(size), rest(bad_rest) {}
  void check(int64_t index) const {
    if (index % 10 == rest) throw tx::DataError("number-" + std::to_string(index), "found no digits");
  }
  tx::Sample get(int64_t index, tx::Random& random) const override {
    check(index);
    return Base::get(index, random);
  }
  void read(const tx::Rows& rows) const override {
    for (const int64_t index : rows.indices()) check(index);
    Base::read(rows);
  }
  int64_t rest;
};

std::shared_ptr<const tx::Dataset> damaged(bool by_rows, int64_t size) {
  if (by_rows) return std::make_shared<Damaged<CountingRows>>(size);
  return std::make_shared<Damaged<CountingItems>>(size);
}

// Blocks until it is let go.
struct Blocked : CountingItems {
  explicit Blocked(int64_t size) : CountingItems(size) {}
  tx::Sample get(int64_t index, tx::Random& random) const override {
    std::unique_lock lock(mutex);
    if (index == 5) open.wait(lock, [&] { return is_open; });
    return CountingItems::get(index, random);
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    is_open = true;
    open.notify_all();
  }
  mutable std::mutex mutex;
  mutable std::condition_variable open;
  bool is_open = false;
};

}  // namespace

TEST_CASE("an error names epoch, batch, row, index and file, and holds the original; the epoch can go on") {
  const bool by_rows = GENERATE(true, false);
  const int64_t workers = GENERATE(0, 1, 3);
  auto loader = tx::make_loader(damaged(by_rows, 40), {.batch_size = 8, .num_workers = workers});
  read_epoch(*tx::make_loader(std::make_shared<CountingItems>(3), {}));
  std::vector<std::string> messages;
  std::vector<int64_t> first_numbers;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (auto it = loader->begin();; ++it) {
      try {
        if (it == loader->end()) break;
        first_numbers.push_back(numbers(*it).front());
      } catch (const tx::SampleError& error) {
        messages.push_back(error.what());
        CHECK_THROWS_AS(std::rethrow_exception(error.original()), tx::DataError);
      }
    }
  }
  CHECK(messages == std::vector<std::string>{
                        "sample 3 (epoch 0, batch 0, row 3): number-3: found no digits",
                        "sample 13 (epoch 0, batch 1, row 5): number-13: found no digits",
                        "sample 23 (epoch 0, batch 2, row 7): number-23: found no digits",
                        "sample 33 (epoch 0, batch 4, row 1): number-33: found no digits",
                        "sample 3 (epoch 1, batch 0, row 3): number-3: found no digits",
                        "sample 13 (epoch 1, batch 1, row 5): number-13: found no digits",
                        "sample 23 (epoch 1, batch 2, row 7): number-23: found no digits",
                        "sample 33 (epoch 1, batch 4, row 1): number-33: found no digits",
                    });
  CHECK(first_numbers == std::vector<int64_t>{24, 24});
}

TEST_CASE("samples that can't be read are skipped, up to the budget") {
  const bool by_rows = GENERATE(true, false);
  const int64_t workers = GENERATE(0, 3);
  auto loader = tx::make_loader(
      damaged(by_rows, 24), {.batch_size = 8, .num_workers = workers, .on_error = tx::OnError::kSkip, .max_errors = 3});
  const Batches expected{{0, 1, 2, 4, 5, 6, 7}, {8, 9, 10, 11, 12, 14, 15}, {16, 17, 18, 19, 20, 21, 22}};
  CHECK(read_epoch(*loader) == expected);
  CHECK(read_epoch(*loader) == expected);
  REQUIRE(loader->errors().size() == 3);
  CHECK(loader->errors()[1].position().index == 13);
  CHECK(loader->metrics().errors == 3);

  auto strict = tx::make_loader(
      damaged(by_rows, 24), {.batch_size = 8, .num_workers = workers, .on_error = tx::OnError::kSkip, .max_errors = 1});
  CHECK_THROWS_WITH(read_epoch(*strict), "sample 13 (epoch 0, batch 1, row 5): number-13: found no digits");
  auto by_default = tx::make_loader(damaged(by_rows, 24), {.batch_size = 8, .on_error = tx::OnError::kSkip});
  CHECK_THROWS_WITH(read_epoch(*by_default), ContainsSubstring("sample 13"));
}

TEST_CASE("a batch of which nothing is left is passed over") {
  auto loader = tx::make_loader(damaged(true, 5), {.num_workers = 1, .on_error = tx::OnError::kSkip});
  CHECK(read_epoch(*loader) == Batches{{0}, {1}, {2}, {4}});
}

TEST_CASE("the next sample stands in for one that can't be read, for any number of workers") {
  const bool by_rows = GENERATE(true, false);
  const int64_t workers = GENERATE(0, 3);
  auto loader =
      tx::make_loader(damaged(by_rows, 24),
                      {.batch_size = 8, .num_workers = workers, .on_error = tx::OnError::kSubstitute, .max_errors = 3});
  CHECK(read_epoch(*loader) ==
        Batches{{0, 1, 2, 4, 4, 5, 6, 7}, {8, 9, 10, 11, 12, 14, 14, 15}, {16, 17, 18, 19, 20, 21, 22, 0}});
  CHECK(loader->metrics().errors == 3);
}

TEST_CASE("a loader is destroyed while its dataset is blocked") {
  auto dataset = std::make_shared<Blocked>(100);
  auto loader = tx::make_loader(dataset, {.batch_size = 2, .num_workers = 2, .timeout = 0.1});
  CHECK_THROWS_AS(read_epoch(*loader), tx::LoaderTimeout);
  loader.reset();
  dataset->let_go();
}

TEST_CASE("a timeout leaves a loader that works, and no batch is lost") {
  auto dataset = std::make_shared<Blocked>(20);
  auto loader = tx::make_loader(dataset, {.batch_size = 2, .num_workers = 2, .timeout = 1});
  Batches got;
  try {
    for (const auto& batch : *loader) got.push_back(numbers(batch));
    FAIL("no timeout");
  } catch (const tx::LoaderTimeout& error) {
    CHECK(std::string(error.what()) ==
          "epoch 0, batch 2: not there after 1 s; does the dataset wait for something? "
          "Raise `timeout`, or begin again, which goes on with this batch");
  }
  CHECK(got == Batches{{0, 1}, {2, 3}});
  CHECK_THROWS_AS(read_epoch(*loader), tx::LoaderTimeout);
  dataset->let_go();
  const Batches rest = read_epoch(*loader);
  REQUIRE(rest.size() == 8);
  CHECK(rest.front() == std::vector<int64_t>{4, 5});
  CHECK(read_epoch(*loader).size() == 10);
}

TEST_CASE("options that don't go together are refused by name") {
  const auto dataset = std::make_shared<CountingItems>(10);
  auto message = [&](tx::LoaderOptions options) {
    try {
      tx::make_loader(dataset, std::move(options));
    } catch (const c10::ValueError& error) {
      return std::string(error.what_without_backtrace());
    }
    return std::string("no error");
  };
  CHECK_THAT(message({.batch_size = 0}), ContainsSubstring("found batch_size = 0, expected a positive number"));
  CHECK_THAT(message({.num_workers = -1}), ContainsSubstring("found num_workers = -1"));
  CHECK_THAT(message({.timeout = 1}), ContainsSubstring("found a timeout, expected num_workers > 0 with it"));
  CHECK_THAT(message({.prefetch_factor = 2}), ContainsSubstring("expected num_workers > 0 with it"));
  CHECK_THAT(message({.num_workers = 1, .prefetch_factor = 0}), ContainsSubstring("found prefetch_factor = 0"));
  CHECK_THAT(message({.generator = at::detail::createCPUGenerator(), .seed = 1}),
             ContainsSubstring("a generator and a seed"));
  CHECK_THAT(message({.device = c10::Device(c10::kCUDA, 99)}), ContainsSubstring("found device = cuda:99, expected"));
  CHECK_THAT(message({.shard = {.index = 2, .count = 2}}), ContainsSubstring("found shard 2 of 2"));
  CHECK_THROWS_AS(tx::make_loader(std::shared_ptr<const tx::Dataset>()), c10::ValueError);
}
