#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <rapidcheck.h>

#include "libtorch_ext/data/samplers/batch.h"
#include "libtorch_ext/data/samplers/distributed.h"
#include "libtorch_ext/data/samplers/grouped_by_length.h"
#include "libtorch_ext/data/samplers/permutation.h"
#include "libtorch_ext/data/samplers/random.h"
#include "libtorch_ext/data/samplers/sequential.h"
#include "libtorch_ext/data/samplers/subset_random.h"
#include "libtorch_ext/data/samplers/weighted_random.h"
#include "tests/support/catch.h"

namespace torch_ext {
namespace {

at::Generator any_generator() { return at::detail::createCPUGenerator(*rc::gen::arbitrary<uint64_t>()); }

int64_t in(int64_t low, int64_t high) { return *rc::gen::inRange(low, high + 1); }

std::vector<int64_t> sorted(std::vector<int64_t> numbers) {
  std::ranges::sort(numbers);
  return numbers;
}

std::vector<int64_t> up_to(int64_t size) {
  std::vector<int64_t> numbers(static_cast<size_t>(size));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

TEST_CASE("random_permutation equals randperm, from any state of the generator, and so does skipping it",
          "[samplers][property]") {
  CHECK(rc::check([] {
    at::Generator generator = any_generator();
    skip_permutation(in(0, 2000), generator);
    at::Generator theirs = generator.clone();
    at::Generator skipped = generator.clone();
    const int64_t size = in(0, 3000);
    const at::Tensor expected = at::randperm(size, theirs, at::kLong);
    const auto order = random_permutation(size, generator);
    skip_permutation(size, skipped);
    RC_ASSERT(std::equal(order.begin(), order.end(), expected.const_data_ptr<int64_t>()));
    RC_ASSERT(generator.get_state().equal(theirs.get_state()));
    RC_ASSERT(skipped.get_state().equal(theirs.get_state()));
  }));
}

TEST_CASE("a million indices are permuted as randperm does it", "[samplers]") {
  at::Generator ours = at::detail::createCPUGenerator(5);
  at::Generator theirs = at::detail::createCPUGenerator(5);
  const at::Tensor expected = at::randperm(1'000'000, theirs, at::kLong);
  const auto order = random_permutation(1'000'000, ours);
  CHECK(std::equal(order.begin(), order.end(), expected.const_data_ptr<int64_t>()));
  CHECK(ours.get_state().equal(theirs.get_state()));
}

TEST_CASE("RandomSampler gives every sample equally often, give or take one", "[samplers][property]") {
  CHECK(rc::check([] {
    at::Generator generator = any_generator();
    const int64_t size = in(1, 100);
    const RandomSampler sampler(size, {.num_samples = in(1, 500)});
    std::vector<int64_t> times(static_cast<size_t>(size));
    for (const int64_t index : sampler.order(0, generator)) ++times.at(static_cast<size_t>(index));
    const auto [least, most] = std::ranges::minmax(times);
    RC_ASSERT(most - least <= 1);
    RC_ASSERT(std::accumulate(times.begin(), times.end(), int64_t{0}) == sampler.size());
  }));
}

TEST_CASE("with replacement every index is one of the samples", "[samplers][property]") {
  CHECK(rc::check([] {
    at::Generator generator = any_generator();
    const int64_t size = in(1, 100);
    const RandomSampler sampler(size, {.replacement = true, .num_samples = in(1, 500)});
    const auto order = sampler.order(0, generator);
    RC_ASSERT(static_cast<int64_t>(order.size()) == sampler.size());
    RC_ASSERT(std::ranges::all_of(order, [&](int64_t index) { return 0 <= index && index < size; }));
  }));
}

TEST_CASE("SubsetRandomSampler gives its indices and no others", "[samplers][property]") {
  CHECK(rc::check([](const std::vector<int64_t>& indices) {
    at::Generator generator = any_generator();
    RC_ASSERT(sorted(SubsetRandomSampler(indices).order(0, generator)) == sorted(indices));
  }));
}

TEST_CASE("WeightedRandomSampler never draws weight 0, and nothing twice without replacement", "[samplers][property]") {
  CHECK(rc::check([] {
    at::Generator generator = any_generator();
    auto weights = *rc::gen::container<std::vector<double>>(rc::gen::element(0.0, 0.0, 0.5, 1.0, 1e-9, 1e9));
    weights.push_back(1);
    const int64_t positive = std::ranges::count_if(weights, [](double weight) { return weight > 0; });
    const bool replacement = *rc::gen::arbitrary<bool>();
    const auto order =
        WeightedRandomSampler(weights, in(1, replacement ? 100 : positive), replacement).order(0, generator);
    RC_ASSERT(std::ranges::all_of(order, [&](int64_t index) { return weights.at(static_cast<size_t>(index)) > 0; }));
    const auto in_order = sorted(order);
    if (!replacement) RC_ASSERT(std::ranges::adjacent_find(in_order) == in_order.end());
  }));
}

TEST_CASE("batches are the order, cut: all full but the last", "[samplers][property]") {
  CHECK(rc::check([] {
    at::Generator generator = any_generator();
    at::Generator same = generator.clone();
    const auto sampler = std::make_shared<RandomSampler>(in(1, 200));
    const int64_t batch_size = in(1, 50);
    const bool drop_last = *rc::gen::arbitrary<bool>();
    const BatchSampler batches(sampler, batch_size, drop_last);
    auto expected = sampler->order(0, same);
    if (drop_last) expected.resize(expected.size() / static_cast<size_t>(batch_size) * static_cast<size_t>(batch_size));
    const BatchedOrder order = batches.order(0, generator);
    RC_ASSERT(order.indices == expected);
    RC_ASSERT(static_cast<int64_t>(order.ends.size()) == batches.size());
    for (size_t i = 0; i + 1 < order.ends.size(); ++i) {
      RC_ASSERT(order.ends[i] == static_cast<int64_t>(i + 1) * batch_size);
    }
    if (!expected.empty()) RC_ASSERT(order.ends.back() == static_cast<int64_t>(expected.size()));
  }));
}

TEST_CASE("shards are of one size and cover all samples; dropping leaves them disjoint", "[samplers][property]") {
  CHECK(rc::check([] {
    const int64_t size = in(1, 300);
    const int64_t count = in(1, 12);
    const bool drop_last = *rc::gen::arbitrary<bool>();
    const bool wraps = *rc::gen::arbitrary<bool>();
    const int64_t epoch = in(0, 5);
    std::vector<int64_t> all;
    for (int64_t index = 0; index < count; ++index) {
      at::Generator generator = at::detail::createCPUGenerator(3);
      std::unique_ptr<Sampler> sampler;
      if (wraps) {
        sampler =
            std::make_unique<ShardedSampler>(std::make_shared<RandomSampler>(size), Shard{index, count}, drop_last);
      } else {
        sampler =
            std::make_unique<DistributedSampler>(size, Shard{index, count}, DistributedOptions{.drop_last = drop_last});
      }
      const auto part = sampler->order(epoch, generator);
      RC_ASSERT(static_cast<int64_t>(part.size()) == sampler->size());
      RC_ASSERT(sampler->size() == (drop_last ? size / count : (size + count - 1) / count));
      all.insert(all.end(), part.begin(), part.end());
    }
    auto distinct = sorted(all);
    const auto repeated = std::ranges::unique(distinct);
    distinct.erase(repeated.begin(), repeated.end());
    if (drop_last) {
      RC_ASSERT(distinct.size() == all.size());
    } else {
      RC_ASSERT(distinct == up_to(size));
    }
  }));
}

TEST_CASE("GroupedByLength gives every sample once, the longest first", "[samplers][property]") {
  CHECK(rc::check([] {
    at::Generator generator = any_generator();
    const auto lengths = *rc::gen::nonEmpty(rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 99)));
    const GroupedByLength sampler(lengths, in(1, 16));
    const auto order = sampler.order(0, generator);
    RC_ASSERT(sorted(order) == up_to(sampler.size()));
    RC_ASSERT(lengths.at(static_cast<size_t>(order.front())) == std::ranges::max(lengths));
  }));
}

TEST_CASE("a sampler refuses what it can't do, saying what it found", "[samplers]") {
  using testing::ContainsSubstring;
  CHECK_THROWS_WITH(RandomSampler(0), ContainsSubstring("RandomSampler: found 0 samples, expected at least one"));
  CHECK_THROWS_WITH(RandomSampler(5, {.num_samples = 0}), ContainsSubstring("found num_samples = 0"));
  CHECK_THROWS_WITH(DistributedSampler(5, {2, 2}),
                    ContainsSubstring("DistributedSampler: found shard 2 of 2, expected one from 0 to 1"));
  CHECK_THROWS_WITH(BatchSampler(std::make_shared<SequentialSampler>(5), 0, false),
                    ContainsSubstring("found batch_size = 0"));
  const std::vector<double> negative{1, -1};
  CHECK_THROWS_WITH(WeightedRandomSampler(negative, 1), ContainsSubstring("weight 1 is -1"));
  const std::vector<double> zeros{0, 0};
  CHECK_THROWS_WITH(WeightedRandomSampler(zeros, 1), ContainsSubstring("no weight above 0 among 2"));
  const std::vector<double> one{0, 3};
  CHECK_THROWS_WITH(WeightedRandomSampler(one, 2, false), ContainsSubstring("expected at most the 1 weights above 0"));
  CHECK_THROWS_AS(SequentialSampler(-1), c10::ValueError);
}

}  // namespace torch_ext
