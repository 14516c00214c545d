#include "libtorch_ext/data/loader.h"

#include <sstream>

#include "tests/data/counting.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace tx = torch_ext;

using tx::testing::Batches;
using tx::testing::numbers;
using tx::testing::read_epoch;

namespace {

std::string to_text(const Batches& batches) {
  std::ostringstream text;
  for (const auto& batch : batches) {
    for (const int64_t number : batch) text << number << ' ';
    text << "| ";
  }
  return text.str();
}

}  // namespace

TEST_CASE("batches come in the order of Python's DataLoader, epoch after epoch, for every option") {
  TORCH_EXT_NEEDS_PYTHON();
  std::string script = "import torch\nfrom torch.utils.data import DataLoader\n";
  std::string ours;
  for (const int64_t size : {1, 10, 12, 1000}) {
    for (const bool shuffle : {true, false}) {
      for (const bool drop_last : {true, false}) {
        auto loader = tx::make_loader(std::make_shared<tx::testing::CountingItems>(size),
                                      {.batch_size = 4, .shuffle = shuffle, .drop_last = drop_last, .seed = 42});
        for (int i = 0; i < 3; ++i) ours += to_text(read_epoch(*loader)) + "\n";
        script += "loader = DataLoader(list(range(" + std::to_string(size) +
                  ")), batch_size=4, shuffle=" + (shuffle ? "True" : "False") +
                  ", drop_last=" + (drop_last ? "True" : "False") +
                  ", generator=torch.Generator().manual_seed(42))\n"
                  "for _ in range(3):\n"
                  "    print(''.join(''.join(f'{x} ' for x in b.tolist()) + '| ' for b in loader))\n";
      }
    }
  }
  CHECK(ours == tx::testing::run_python(script));
}

TEST_CASE("a loader that resumes hands out the batches that were left, then Python's next epoch") {
  const tx::LoaderOptions options{.batch_size = 3, .shuffle = true, .seed = 5};
  const auto dataset = std::make_shared<tx::testing::CountingItems>(20);
  auto whole = tx::make_loader(dataset, options);
  const Batches first = read_epoch(*whole);
  const Batches second = read_epoch(*whole);
  const Batches third = read_epoch(*whole);

  const int64_t stop = GENERATE(range(0, 8));
  auto stopped = tx::make_loader(dataset, options);
  read_epoch(*stopped);
  tx::LoaderState state = stopped->state_dict();
  Batches got;
  if (stop > 0) {
    for (const auto& batch : *stopped) {
      got.push_back(numbers(batch));
      state = stopped->state_dict();
      if (static_cast<int64_t>(got.size()) == stop) break;
    }
  }
  CHECK(state.batch == stop);
  auto resumed = tx::make_loader(dataset, options);
  resumed->load_state_dict(state);
  for (const auto& batch : read_epoch(*resumed)) got.push_back(batch);
  CHECK(got == second);
  CHECK(read_epoch(*resumed) == third);
  CHECK(first != second);
}

TEST_CASE("seeking an epoch equals reading the epochs before it") {
  const auto dataset = std::make_shared<tx::testing::CountingItems>(50);
  auto read = tx::make_loader(dataset, {.batch_size = 7, .shuffle = true, .seed = 1});
  auto sought = tx::make_loader(dataset, {.batch_size = 7, .shuffle = true, .seed = 1});
  for (int i = 0; i < 4; ++i) read_epoch(*read);
  sought->seek_epoch(4);
  CHECK(read_epoch(*sought) == read_epoch(*read));
}

TEST_CASE("an epoch may be left by break and a new one started") {
  auto loader = tx::make_loader(std::make_shared<tx::testing::CountingItems>(10), {.batch_size = 2});
  for (const auto& batch : *loader) {
    CHECK(numbers(batch) == std::vector<int64_t>{0, 1});
    break;
  }
  CHECK(read_epoch(*loader).size() == 5);
}

TEST_CASE("a batch size of 0 and a position behind the end are refused") {
  const auto dataset = std::make_shared<tx::testing::CountingItems>(10);
  CHECK_THROWS_AS(tx::make_loader(dataset, {.batch_size = 0}), c10::ValueError);
  auto loader = tx::make_loader(dataset, {.batch_size = 2});
  tx::LoaderState state = loader->state_dict();
  state.batch = 6;
  CHECK_THROWS_AS(loader->load_state_dict(state), c10::ValueError);
}
