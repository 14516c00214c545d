#pragma once

#include <cstdint>
#include <string>

namespace torch_ext::transforms {

/// Pixels added around an image, as torchvision takes them: one number for all sides; left and right, then top and
/// bottom; or left, top, right, bottom.
struct Padding {
  Padding(int64_t all) : left(all), top(all), right(all), bottom(all), given(1) {}  // NOLINT: meant to convert
  Padding(int64_t left_right, int64_t top_bottom)
      : left(left_right), top(top_bottom), right(left_right), bottom(top_bottom), given(2) {}
  Padding(int64_t left, int64_t top, int64_t right, int64_t bottom)
      : left(left), top(top), right(right), bottom(bottom), given(4) {}

  bool operator==(const Padding&) const = default;

  int64_t left, top, right, bottom;
  int given;  ///< how many numbers were given: 1, 2 or 4
};

/// What the added pixels are: torchvision's `padding_mode`. For the pixels 1, 2, 3 and two more at each side:
enum class PaddingMode {
  kConstant,   ///< the number `fill`: 0 0 1 2 3 0 0
  kEdge,       ///< the last pixel: 1 1 1 2 3 3 3
  kReflect,    ///< mirrored at the last pixel: 3 2 1 2 3 2 1
  kSymmetric,  ///< mirrored after the last pixel: 2 1 1 2 3 3 2
};

/// As Python prints what was given: `4`, `(4, 8)`.
std::string to_text(const Padding& padding);
/// Python's value: `constant`.
const char* value_of(PaddingMode mode);

}  // namespace torch_ext::transforms
