#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace torch_ext {

/// How grey levels become numbers: torchvision's `ToTensor` and `Normalize`, ((level / 255) - mean) / std in float32.
struct Normalization {
  double mean = 0;
  double std = 1;
};

/// Turns grey levels into numbers, with the roundings of torchvision's three steps: the same bits.
///
/// Where the machine has fused multiply-add, a division by a constant c is done as x * high + x * low, where high and
/// low are the nearest floats to 1 / c and to what is left of it: nearly always correctly rounded (Brisebarre, Muller,
/// "Correctly rounded multiplication by arbitrary precision constants", IEEE Transactions on Computers 57, 2008).
/// That it is for this mean and std is tried on all 256 levels; where not, numbers come from a table.
///
///     const tx::LevelNormalizer normalize({.mean = 0.2860, .std = 0.3530});
///     normalize(image, 784, numbers);
class LevelNormalizer {
 public:
  /// Throws a `c10::ValueError` for a std that isn't above 0.
  explicit LevelNormalizer(Normalization normalization);

  /// Writes `count` numbers, one for each level.
  void operator()(const std::byte* levels, int64_t count, float* numbers) const;

  /// Whether numbers are calculated, several at once, rather than looked up.
  bool is_vectorized() const { return is_vectorized_; }

  /// The factors of the calculation: ((level / 255) - mean) / std.
  struct Factors {
    float high255;
    float low255;
    float mean;
    float high_std;
    float low_std;
  };

 private:
  Factors factors_;
  std::array<float, 256> number_of_level_;
  bool is_vectorized_ = false;
};

}  // namespace torch_ext
