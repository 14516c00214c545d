#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <array>

namespace torch_ext {

/// Pixels added around [N, C, …] or [C, …] that go on at the other side, as on a torus: Python's `nn.CircularPad1d`,
/// `2d` and `3d`. `padding`: left, right, then top, bottom, then front, back; or one number for all sides. At most a
/// dimension's size; less than 0 cuts off.
template <size_t D>
class CircularPad {
 public:
  explicit CircularPad(int64_t padding) { this->padding.fill(padding); }
  explicit CircularPad(std::array<int64_t, 2 * D> padding) : padding(padding) {}
  /// Throws a `c10::ValueError` for an input of other dimensions.
  torch::Tensor pad(const torch::Tensor& x) const;

  std::array<int64_t, 2 * D> padding;
};

class CircularPad1dImpl : public torch::nn::Cloneable<CircularPad1dImpl>, public CircularPad<1> {
 public:
  using CircularPad<1>::CircularPad;
  torch::Tensor forward(const torch::Tensor& x);
  void reset() override {}
};
TORCH_MODULE(CircularPad1d);

class CircularPad2dImpl : public torch::nn::Cloneable<CircularPad2dImpl>, public CircularPad<2> {
 public:
  using CircularPad<2>::CircularPad;
  torch::Tensor forward(const torch::Tensor& x);
  void reset() override {}
};
TORCH_MODULE(CircularPad2d);

class CircularPad3dImpl : public torch::nn::Cloneable<CircularPad3dImpl>, public CircularPad<3> {
 public:
  using CircularPad<3>::CircularPad;
  torch::Tensor forward(const torch::Tensor& x);
  void reset() override {}
};
TORCH_MODULE(CircularPad3d);

}  // namespace torch_ext
