#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

using Steps = std::vector<std::shared_ptr<const Transform>>;

/// Steps as a list, for the classes below.
template <class... Step>
requires(std::is_base_of_v<Transform, Step>&&...) Steps steps(Step... step) {
  return {std::make_shared<const Step>(std::move(step))...};
}

/// All steps with probability `p`, none otherwise: torchvision's `RandomApply`. Draws one number, then what the steps
/// draw.
///
///     RandomApply{steps(ColorJitter{{.brightness = 0.4}}, GaussianBlur{3}), 0.8}
class RandomApply : public Transform {
 public:
  /// Throws a `c10::ValueError` where `p` is not in [0, 1].
  explicit RandomApply(Steps transforms, double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const Steps& transforms() const { return transforms_; }
  double p() const { return p_; }

 private:
  Steps transforms_;
  double p_;
};

/// One of the steps, each equally likely or with weights `p`: torchvision's `RandomChoice`. Draws one number, then
/// what the step draws.
///
///     RandomChoice{steps(RandomRotation{10}, GaussianBlur{3}), {{0.9, 0.1}}}
class RandomChoice : public Transform {
 public:
  /// Throws a `c10::ValueError` where there is no step, or `p` has another number of weights, a negative one or only 0.
  explicit RandomChoice(Steps transforms, std::optional<std::vector<double>> p = {});

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const Steps& transforms() const { return transforms_; }
  const std::optional<std::vector<double>>& p() const { return p_; }

 private:
  Steps transforms_;
  std::optional<std::vector<double>> p_;
};

/// All steps, in random order: torchvision's `RandomOrder`. Draws a number fewer than there are steps, for the order,
/// then what they draw.
class RandomOrder : public Transform {
 public:
  explicit RandomOrder(Steps transforms) : transforms_(std::move(transforms)) {}

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const Steps& transforms() const { return transforms_; }

 private:
  Steps transforms_;
};

}  // namespace torch_ext::transforms
