#include "tests/support/python.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>

#include <cstring>
#include <functional>
#include <memory>

#include "libtorch_ext/data/samplers/batch.h"
#include "libtorch_ext/data/samplers/distributed.h"
#include "libtorch_ext/data/samplers/grouped_by_length.h"
#include "libtorch_ext/data/samplers/random.h"
#include "libtorch_ext/data/samplers/sequential.h"
#include "libtorch_ext/data/samplers/subset_random.h"
#include "libtorch_ext/data/samplers/weighted_random.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {
namespace {

using testing::TempDir;

constexpr int64_t kSeeds[] = {0, 1, 123456789};
constexpr int kEpochs = 3;

// Three epochs for each seed; `draw(epoch, generator)` gives the numbers of one.
constexpr char kPython[] = R"(
import sys, numpy, torch
from torch.utils.data import *
def run(draw):
    with open(sys.argv[1], 'ab') as file:
        for seed in (0, 1, 123456789):
            g = torch.Generator().manual_seed(seed)
            for epoch in range(3):
                file.write(numpy.array(list(draw(epoch, g)), dtype=numpy.int64).tobytes())
                file.write(g.get_state().numpy().tobytes())
)";

using Draw = std::function<std::vector<int64_t>(int64_t epoch, at::Generator& generator)>;

class Ours {
 public:
  void run(const Draw& draw) {
    for (const int64_t seed : kSeeds) {
      at::Generator generator = at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
      for (int epoch = 0; epoch < kEpochs; ++epoch) {
        const auto numbers = draw(epoch, generator);
        bytes_.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(int64_t));
        const at::Tensor state = generator.get_state();
        bytes_.append(reinterpret_cast<const char*>(state.const_data_ptr()), state.nbytes());
      }
    }
  }
  void run(const Sampler& sampler) {
    run([&](int64_t epoch, at::Generator& generator) {
      auto order = sampler.order(epoch, generator);
      CHECK(static_cast<int64_t>(order.size()) == sampler.size());
      sampler.finish(generator);
      return order;
    });
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string theirs(const std::string& code) {
  const TempDir dir;
  testing::run_python(kPython + code, {dir / "numbers"});
  return testing::read_file(dir / "numbers");
}

}  // namespace

TEST_CASE("RandomSampler gives Python's orders and leaves the generator as Python does", "[samplers]") {
  TORCH_EXT_NEEDS_PYTHON();
  Ours ours;
  for (const int64_t size : {1, 2, 3, 31, 33, 623, 624, 625, 626, 1249, 10007}) {
    ours.run(RandomSampler(size));
    for (const int64_t count : {1, 32, 95, 96, 1250, 2000}) {
      ours.run(RandomSampler(size, {.num_samples = count}));
      ours.run(RandomSampler(size, {.replacement = true, .num_samples = count}));
    }
  }
  CHECK(ours.bytes() == theirs(R"(
for size in (1, 2, 3, 31, 33, 623, 624, 625, 626, 1249, 10007):
    run(lambda e, g: RandomSampler(range(size), generator=g))
    for count in (1, 32, 95, 96, 1250, 2000):
        for replacement in (False, True):
            run(lambda e, g: RandomSampler(range(size), replacement, count, generator=g))
)"));
}

TEST_CASE("until the last index is out RandomSampler takes from the generator what Python takes", "[samplers]") {
  TORCH_EXT_NEEDS_PYTHON();
  Ours ours;
  for (const int64_t count : {5, 10, 13}) {
    const RandomSampler sampler(10, {.num_samples = count});
    ours.run([&](int64_t epoch, at::Generator& generator) { return sampler.order(epoch, generator); });
  }
  CHECK(ours.bytes() == theirs(R"(
import itertools
for count in (5, 10, 13):
    run(lambda e, g: itertools.islice(RandomSampler(range(10), False, count, generator=g), count))
)"));
}

TEST_CASE("SubsetRandomSampler and WeightedRandomSampler give Python's orders", "[samplers]") {
  TORCH_EXT_NEEDS_PYTHON();
  Ours ours;
  ours.run(SubsetRandomSampler({}));
  for (const int64_t size : {1, 7, 1000}) {
    std::vector<int64_t> indices;
    std::vector<double> weights;
    for (int64_t i = 0; i < size; ++i) {
      indices.push_back(3 * i + 1);
      weights.push_back(static_cast<double>((i * 7 + 1) % 11) / 8);
    }
    ours.run(SubsetRandomSampler(indices));
    ours.run(WeightedRandomSampler(weights, 2 * size));
    ours.run(WeightedRandomSampler(weights, size - size / 4, false));
  }
  CHECK(ours.bytes() == theirs(R"(
run(lambda e, g: SubsetRandomSampler([], generator=g))
for size in (1, 7, 1000):
    weights = [(i * 7 + 1) % 11 / 8 for i in range(size)]
    run(lambda e, g: SubsetRandomSampler([3 * i + 1 for i in range(size)], generator=g))
    run(lambda e, g: WeightedRandomSampler(weights, 2 * size, generator=g))
    run(lambda e, g: WeightedRandomSampler(weights, size - size // 4, False, generator=g))
)"));
}

TEST_CASE("DistributedSampler gives each process Python's part, another in each epoch", "[samplers]") {
  TORCH_EXT_NEEDS_PYTHON();
  Ours ours;
  for (const int64_t size : {0, 1, 2, 5, 12, 13, 1000}) {
    for (const int64_t count : {1, 2, 3, 5, 16}) {
      for (const int64_t index : {int64_t{0}, count / 2, count - 1}) {
        for (const bool shuffle : {false, true}) {
          for (const bool drop_last : {false, true}) {
            ours.run(DistributedSampler(size, {index, count}, {shuffle, 11, drop_last}));
          }
        }
      }
    }
  }
  CHECK(ours.bytes() == theirs(R"(
def draw(epoch, sampler):
    sampler.set_epoch(epoch)
    return sampler
for size in (0, 1, 2, 5, 12, 13, 1000):
    for count in (1, 2, 3, 5, 16):
        for index in (0, count // 2, count - 1):
            for shuffle in (False, True):
                for drop_last in (False, True):
                    sampler = DistributedSampler(range(size), count, index, shuffle, 11, drop_last)
                    if size == 0 and not drop_last:  # Python divides by zero
                        run(lambda e, g: [])
                    else:
                        run(lambda e, g: draw(e, sampler))
)"));
}

TEST_CASE("BatchSampler cuts batches where Python does", "[samplers]") {
  TORCH_EXT_NEEDS_PYTHON();
  Ours ours;
  for (const int64_t size : {1, 2, 9, 10, 100}) {
    for (const int64_t batch_size : {1, 3, 10, 11}) {
      for (const bool drop_last : {false, true}) {
        const BatchSampler sampler(std::make_shared<RandomSampler>(size), batch_size, drop_last);
        ours.run([&](int64_t epoch, at::Generator& generator) {
          const BatchedOrder order = sampler.order(epoch, generator);
          CHECK(static_cast<int64_t>(order.ends.size()) == sampler.size());
          sampler.finish(generator);
          std::vector<int64_t> numbers;
          int64_t begin = 0;
          for (const int64_t end : order.ends) {
            numbers.push_back(end - begin);
            numbers.insert(numbers.end(), order.indices.begin() + begin, order.indices.begin() + end);
            begin = end;
          }
          return numbers;
        });
      }
    }
  }
  CHECK(ours.bytes() == theirs(R"(
for size in (1, 2, 9, 10, 100):
    for batch_size in (1, 3, 10, 11):
        for drop_last in (False, True):
            run(lambda e, g: [n for batch in BatchSampler(RandomSampler(range(size), generator=g), batch_size, drop_last)
                              for n in [len(batch), *batch]])
)"));
}

TEST_CASE("GroupedByLength gives the orders of its description, in Python's words", "[samplers]") {
  TORCH_EXT_NEEDS_PYTHON();
  Ours ours;
  for (const int64_t size : {1, 7, 64, 500, 3000}) {
    std::vector<int64_t> lengths;
    for (int64_t i = 0; i < size; ++i) lengths.push_back(i * 7919 % 97);
    for (const int64_t batch_size : {1, 4, 8}) {
      ours.run(GroupedByLength(lengths, batch_size));
      ours.run(GroupedByLength(lengths, batch_size, {.mega_batch_mult = 3}));
    }
  }
  CHECK(ours.bytes() == theirs(R"(
def grouped(lengths, batch_size, mult, g):
    mult = mult or max(1, min(50, len(lengths) // (4 * batch_size)))
    order = torch.randperm(len(lengths), generator=g).split(mult * batch_size)
    groups = [sorted(group.tolist(), key=lambda i: lengths[i], reverse=True) for group in order]
    longest = torch.tensor([lengths[group[0]] for group in groups]).argmax()
    groups[0][0], groups[longest][0] = groups[longest][0], groups[0][0]
    return sum(groups, [])
for size in (1, 7, 64, 500, 3000):
    lengths = [i * 7919 % 97 for i in range(size)]
    for batch_size in (1, 4, 8):
        for mult in (None, 3):
            run(lambda e, g: grouped(lengths, batch_size, mult, g))
)"));
}

}  // namespace torch_ext
