#include "libtorch_ext/data/datasets/normalize_levels.h"

#include <c10/util/Exception.h>

#include <bit>
#include <random>
#include <vector>

#include "tests/support/catch.h"

namespace torch_ext {

TEST_CASE("numbers of grey levels are the rounded ones of the three steps, for any mean and std", "[datasets]") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0.001, 1);
  std::vector<std::byte> levels(300);
  for (size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<std::byte>(i * 7);
  std::vector<float> numbers(levels.size());
  for (int round = 0; round < 300; ++round) {
    const Normalization normalization =
        round == 0 ? Normalization{} : Normalization{uniform(random), round % 3 == 0 ? 255 : uniform(random)};
    const LevelNormalizer normalize(normalization);
    const auto count = static_cast<int64_t>(levels.size()) - round % 40;
    normalize(levels.data(), count, numbers.data());
    int64_t wrong = 0;
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const float part = std::to_integer<int>(levels[i]) / 255.0F;
      const float expected = (part - static_cast<float>(normalization.mean)) / static_cast<float>(normalization.std);
      if (std::bit_cast<uint32_t>(numbers[i]) != std::bit_cast<uint32_t>(expected)) ++wrong;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("a std of 0 is refused", "[datasets]") { CHECK_THROWS_AS(LevelNormalizer({0.5, 0}), c10::ValueError); }

}  // namespace torch_ext
