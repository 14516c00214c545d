#include "libtorch_ext/data/samplers/permutation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "libtorch_ext/core/vectorise.h"
#include "libtorch_ext/data/samplers/mersenne_twister.h"

namespace torch_ext {
namespace {

// From here on randperm takes 64 bits for a number.
constexpr int64_t kManyElements = std::numeric_limits<uint32_t>::max() / 20;
constexpr size_t kAhead = 24;

// offsets[k] = words[k], tempered, modulo (bound - k). A double's quotient is exact enough: numerator and denominator
// have 32 bits, so that what is below a whole number stays below it. REQUIRES: bound - k > 1.
TORCH_EXT_VECTORISE void random_offsets(std::span<const uint32_t> words, uint32_t bound, uint32_t* offsets) {
  constexpr uint32_t kSign = 0x80000000;  // only signed numbers become doubles in one instruction
  for (size_t k = 0; k < words.size(); ++k) {
    const uint32_t number = MersenneTwister::temper(words[k]);
    const double numerator = static_cast<double>(static_cast<int32_t>(number ^ kSign)) + 0x1p31;
    const uint32_t divisor = bound - static_cast<uint32_t>(k);
    const auto quotient = static_cast<int32_t>(numerator / static_cast<double>(static_cast<int32_t>(divisor)));
    offsets[k] = number - static_cast<uint32_t>(quotient) * divisor;
  }
}

}  // namespace

std::vector<int64_t> random_permutation(int64_t size, at::Generator& generator) {
  auto& cpu = *at::check_generator<at::CPUGeneratorImpl>(generator);
  std::vector<int64_t> order(static_cast<size_t>(size));
  if (size >= kManyElements) {
    const at::Tensor permutation = at::randperm(size, generator, at::kLong);
    std::copy_n(permutation.const_data_ptr<int64_t>(), size, order.begin());
    return order;
  }
  const std::lock_guard<std::mutex> lock(cpu.mutex_);
  MersenneTwister twister(cpu);
  std::vector<uint32_t> elements(order.size());
  std::iota(elements.begin(), elements.end(), uint32_t{0});
  uint32_t offsets[MersenneTwister::kWords];
  for (size_t first = 0; first + 1 < order.size();) {
    const auto words = twister.take(order.size() - 1 - first);
    random_offsets(words, static_cast<uint32_t>(order.size() - first), offsets);
    uint32_t* const rest = elements.data() + first;
    for (size_t k = 0; k < words.size(); ++k) {
      if (k + kAhead < words.size()) __builtin_prefetch(rest + k + kAhead + offsets[k + kAhead], 1);
      std::swap(rest[k], rest[k + offsets[k]]);
      order[first + k] = rest[k];
    }
    first += words.size();
  }
  if (size > 0) order.back() = elements.back();
  twister.put_back(cpu);
  return order;
}

void skip_permutation(int64_t size, at::Generator& generator) {
  if (size >= kManyElements) {
    at::randperm(size, generator, at::kLong);
    return;
  }
  auto& cpu = *at::check_generator<at::CPUGeneratorImpl>(generator);
  const std::lock_guard<std::mutex> lock(cpu.mutex_);
  MersenneTwister twister(cpu);
  for (int64_t left = size - 1; left > 0;) left -= static_cast<int64_t>(twister.take(static_cast<size_t>(left)).size());
  twister.put_back(cpu);
}

}  // namespace torch_ext
