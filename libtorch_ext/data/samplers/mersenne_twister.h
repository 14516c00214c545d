#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace torch_ext {

/// The random numbers of a CPU generator by the block: the same 32-bit words in the same order as `at::mt19937` gives
/// them one by one, at a fraction of its cost, because the compiler can use vector instructions.
///
/// Source: Matsumoto, Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number
/// generator", ACM TOMACS 8 (1998), MT19937.
class MersenneTwister {
 public:
  static constexpr size_t kWords = at::MERSENNE_STATE_N;

  /// Begins where `generator` stands.
  explicit MersenneTwister(at::CPUGeneratorImpl& generator) : state_(generator.engine().data()) {}

  /// The next words, `count` or fewer, at least one if `count` > 0, still to be tempered; good until the next call.
  std::span<const uint32_t> take(size_t count) {
    if (state_.left_ <= 1) {
      twist();
      state_.left_ = static_cast<int>(kWords) + 1;
      state_.next_ = 0;
    }
    const size_t taken = std::min(count, static_cast<size_t>(state_.left_ - 1));
    const std::span words(state_.state_.data() + state_.next_, taken);
    state_.left_ -= static_cast<int>(taken);
    state_.next_ += static_cast<uint32_t>(taken);
    return words;
  }

  /// A word as the number that the generator gives.
  static uint32_t temper(uint32_t word) {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return word ^ (word >> 18);
  }

  /// Lets `generator` go on after the last word taken.
  void put_back(at::CPUGeneratorImpl& generator) const {
    at::mt19937 engine = generator.engine();
    engine.set_data(state_);
    generator.set_engine(engine);
  }

 private:
  void twist() {
    constexpr size_t kShift = at::MERSENNE_STATE_M;
    constexpr auto mix = [](uint32_t high, uint32_t low) {
      return (((high & 0x80000000) | (low & 0x7fffffff)) >> 1) ^ (-(low & 1) & 0x9908b0df);
    };
    uint32_t* const word = state_.state_.data();
    for (size_t i = 0; i < kWords - kShift; ++i) word[i] = word[i + kShift] ^ mix(word[i], word[i + 1]);
    for (size_t i = kWords - kShift; i < kWords - 1; ++i) {
      word[i] = word[i + kShift - kWords] ^ mix(word[i], word[i + 1]);
    }
    word[kWords - 1] = word[kShift - 1] ^ mix(word[kWords - 1], word[0]);
  }

  at::mt19937_data_pod state_;
};

}  // namespace torch_ext
