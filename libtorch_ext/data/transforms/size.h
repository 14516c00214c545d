#pragma once

#include <cstdint>
#include <string>

namespace torch_ext::transforms {

/// The size of an image in pixels, as torchvision takes it: one number, or height and width.
///
/// One number means a square, but for `Resize`: there it is the shorter side, and the other follows.
///
///     CenterCrop{224}            // 224 x 224
///     CenterCrop{{192, 256}}     // 192 rows of 256 pixels
struct Size {
  Size(int64_t side) : height(side), width(side), single(true) {}  // NOLINT: meant to convert
  Size(int64_t height, int64_t width) : height(height), width(width) {}

  bool operator==(const Size&) const = default;

  int64_t height;
  int64_t width;
  bool single = false;  ///< one number was given
};

/// Python's tuple: `(224, 224)`.
std::string to_tuple(const Size& size);

/// Throws a `c10::ValueError` that starts with `subject` where a side is below 1.
void check_size(const char* subject, const Size& size);

}  // namespace torch_ext::transforms
