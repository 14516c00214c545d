#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <memory>
#include <numeric>
#include <rapidcheck.h>

#include "libtorch_ext/data/datasets/chain.h"
#include "libtorch_ext/data/datasets/concat.h"
#include "libtorch_ext/data/datasets/map.h"
#include "libtorch_ext/data/datasets/stack.h"
#include "libtorch_ext/data/datasets/subset.h"
#include "libtorch_ext/data/datasets/tensor_dataset.h"
#include "tests/support/catch.h"

namespace torch_ext {
namespace {

using testing::ContainsSubstring;

std::shared_ptr<TensorDataset> numbers(int64_t begin, int64_t end) {
  return std::make_shared<TensorDataset>(
      std::vector{at::arange(begin, end, at::kLong), at::arange(begin, end, at::kFloat).unsqueeze(1).repeat({1, 3})});
}

// Its samples by `get`, with a random number each; no rows.
class Random01 : public Dataset {
 public:
  explicit Random01(int64_t size, bool has_fields = false) : size_(size), has_fields_(has_fields) {}
  int64_t size() const override { return size_; }
  std::vector<Field> fields() const override {
    return has_fields_ ? std::vector<Field>{{"index", at::kLong, {}}, {"random", at::kDouble, {}}}
                       : std::vector<Field>{};
  }
  Sample get(int64_t index, Random& random) const override {
    return {at::scalar_tensor(index, at::kLong), at::scalar_tensor(random.uniform(), at::kDouble)};
  }
  std::string name(int64_t index) const override { return "sample " + std::to_string(index); }

 private:
  int64_t size_;
  bool has_fields_;
};

std::vector<int64_t> integers(const at::Tensor& tensor) {
  const auto* data = tensor.const_data_ptr<int64_t>();
  return {data, data + tensor.numel()};
}

}  // namespace

TEST_CASE("rows of datasets made of datasets are their samples, in any order", "[datasets][property]") {
  CHECK(rc::check([] {
    const auto any = [] { return *rc::gen::inRange<int64_t>(1, 600); };
    const int64_t a = any();
    const int64_t b = any();
    const auto both = std::make_shared<ConcatDataset>(
        std::vector<std::shared_ptr<const Dataset>>{numbers(0, a), numbers(0, 0), numbers(a, a + b)});
    const auto index = rc::gen::container<std::vector<int64_t>>(1000, rc::gen::inRange<int64_t>(0, a + b));
    const auto chosen = *index;
    const auto subset = std::make_shared<Subset>(both, chosen);
    const StackDataset stack(
        {subset, std::make_shared<Subset>(
                     subset, chosen.size() > 0 ? std::vector<int64_t>(chosen.size(), 0) : std::vector<int64_t>{})});
    RC_ASSERT(stack.fields().size() == size_t{4});
    std::vector<int64_t> order(chosen.size());
    std::iota(order.begin(), order.end(), 0);
    const Batch batch = get_batch(stack, order);
    RC_ASSERT(integers(batch[0]) == chosen);
    RC_ASSERT(at::equal(batch[1], batch[0].to(at::kFloat).unsqueeze(1).repeat({1, 3})));
    RC_ASSERT(integers(batch[2]) == std::vector<int64_t>(chosen.size(), chosen.front()));
  }));
}

TEST_CASE("random numbers are the same whether samples are read by rows or got", "[datasets]") {
  const std::vector<int64_t> order{4, 0, 5, 2};
  std::vector<Batch> batches;
  for (const bool has_fields : {false, true}) {
    const auto dataset = std::make_shared<Random01>(3, has_fields);
    const auto concat = std::make_shared<ConcatDataset>(std::vector<std::shared_ptr<const Dataset>>{dataset, dataset});
    const StackDataset stack({concat, concat});
    CHECK(stack.fields().empty() != has_fields);
    batches.push_back(get_batch(stack, order, 9));
    CHECK(integers(batches.back()[0]) == std::vector<int64_t>{1, 0, 2, 2});
    CHECK(at::equal(batches.back()[1], batches.back()[3]));
    CHECK(stack.name(4) == "sample 1");
  }
  for (size_t field = 0; field < 4; ++field) CHECK(at::equal(batches[0][field], batches[1][field]));
}

TEST_CASE("a concatenation whose parts differ in their fields is read sample by sample", "[datasets]") {
  const auto one = std::make_shared<TensorDataset>(std::vector{at::arange(2)});
  const ConcatDataset concat({one, numbers(0, 2)});
  CHECK(concat.fields().empty());
  Random random(0, 0);
  CHECK(concat.get(1, random).size() == 1);
  CHECK(concat.get(2, random).size() == 2);
  CHECK_THROWS_AS(concat.get(4, random), c10::IndexError);
}

TEST_CASE("map changes samples, with the sample's own random numbers, with and without fields", "[datasets]") {
  const auto add = [](Sample sample, Random& random) {
    return Sample{sample[0].to(at::kDouble) + random.uniform(), sample[1]};
  };
  const auto loose = map(numbers(0, 10), add);
  const auto rows = map(numbers(0, 10), add, {{"sum", at::kDouble, {}}, {"number", at::kFloat, {3}}});
  const std::vector<int64_t> order{7, 1, 1, 0};
  const Batch a = get_batch(*loose, order, 3);
  const Batch b = get_batch(*rows, order, 3);
  CHECK(at::equal(a.data, b.data));
  CHECK(at::equal(a.target, b.target));
  CHECK(at::equal(a.data.floor().to(at::kLong), at::tensor(order)));
  const auto wrong = map(numbers(0, 10), add, {{"sum", at::kFloat, {}}, {"number", at::kFloat, {3}}});
  CHECK_THROWS_WITH(get_batch(*wrong, order), ContainsSubstring("field \"sum\": found Double[], expected Float[]"));
}

TEST_CASE("chained streams follow one another, each shard has its part, and nothing twice", "[datasets]") {
  const auto chain = ChainDataset({stream(numbers(0, 5)), stream(numbers(100, 100)), stream(numbers(200, 203))});
  const auto all = [&](const Shard& shard, int64_t skipped) {
    const auto pass = chain.open(0, shard);
    pass->skip(skipped);
    std::vector<int64_t> seen;
    while (auto sample = pass->next()) {
      Random random(0, 0);
      const Sample finished = chain.finish(*sample, random);
      CHECK(finished.size() == 2);
      seen.push_back(finished[0].item<int64_t>());
    }
    CHECK(!pass->next());
    return seen;
  };
  CHECK(all({}, 0) == std::vector<int64_t>{0, 1, 2, 3, 4, 200, 201, 202});
  CHECK(all({}, 6) == std::vector<int64_t>{201, 202});
  CHECK(all({}, 20).empty());
  CHECK(all({0, 2}, 0) == std::vector<int64_t>{0, 2, 4, 200, 202});
  CHECK(all({1, 2}, 1) == std::vector<int64_t>{3, 201});
}

TEST_CASE("datasets that don't fit together are refused", "[datasets]") {
  CHECK_THROWS_WITH(ConcatDataset({}), ContainsSubstring("ConcatDataset: found no datasets"));
  CHECK_THROWS_WITH(StackDataset({numbers(0, 3), numbers(0, 4)}),
                    ContainsSubstring("dataset 1 has 4 samples, expected 3 as in the first"));
  CHECK_THROWS_WITH(Subset(numbers(0, 3), {0, 3}), ContainsSubstring("found the index 3 in a dataset of 3 samples"));
  CHECK_THROWS_WITH(stream(numbers(0, 3))->open(0, {3, 3}), ContainsSubstring("found shard 3 of 3"));
}

}  // namespace torch_ext
