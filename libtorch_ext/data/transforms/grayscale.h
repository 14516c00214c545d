#pragma once

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// Grey, in 1 channel or 3 equal ones: torchvision's `Grayscale`. Draws nothing.
///
///     Grayscale{}    // [3, 32, 32] becomes [1, 32, 32]
class Grayscale : public Transform {
 public:
  /// Throws a `c10::ValueError` where `num_output_channels` is neither 1 nor 3.
  explicit Grayscale(int64_t num_output_channels = 1);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  int64_t num_output_channels() const { return num_output_channels_; }

 private:
  int64_t num_output_channels_;
};

/// Grey with probability `p`, in as many channels as before: torchvision's `RandomGrayscale`. Draws one number.
class RandomGrayscale : public Transform {
 public:
  /// Throws a `c10::ValueError` where `p` is not in [0, 1].
  explicit RandomGrayscale(double p = 0.1);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  double p() const { return p_; }

 private:
  double p_;
};

}  // namespace torch_ext::transforms
