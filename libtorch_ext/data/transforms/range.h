#pragma once

#include <utility>
#include <vector>

namespace torch_ext::transforms {

/// A number is drawn from [low, high]. One number alone means what the argument's comment says, as in torchvision:
/// mostly a distance to both sides.
struct Range {
  Range(double amount) : low(amount), high(amount), single(true) {}  // NOLINT: meant to convert
  Range(double low, double high) : low(low), high(high) {}

  double low;
  double high;
  bool single = false;  ///< one number was given
};

/// What pixels from outside the image are: one number, or one a channel.
struct Fill {
  Fill(double value) : values{value}, single(true) {}  // NOLINT: meant to convert
  Fill(std::vector<double> values) : values(std::move(values)) {}

  std::vector<double> values;
  bool single = false;  ///< one number was given
};

}  // namespace torch_ext::transforms
