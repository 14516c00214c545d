#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/data/random.h"

namespace torch_ext::transforms {

/// A step from image to image, as torchvision's transforms: [C, H, W], uint8 or floating point.
///
/// Const and without state of its own, so that several threads may use one. What is random comes from `random`.
/// The image that comes in stays as it is; the one that comes out may share its memory.
class Transform {
 public:
  virtual ~Transform() = default;

  virtual at::Tensor operator()(const at::Tensor& image, Random& random) const = 0;

  /// torchvision's `repr`: `RandomHorizontalFlip(p=0.5)`.
  virtual std::string repr() const = 0;
};

/// Steps one after another: torchvision's `Compose`. Itself a step.
///
///     const tx::transforms::Compose train{RandomResizedCrop{{.size = 224}}, RandomHorizontalFlip{}, ToTensor{},
///                                         Normalize{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}};
class Compose : public Transform {
 public:
  explicit Compose(std::vector<std::shared_ptr<const Transform>> steps) : steps_(std::move(steps)) {}
  template <class... Steps>
  requires(std::is_base_of_v<Transform, Steps>&&...) explicit Compose(Steps... steps)
      : steps_{std::make_shared<const Steps>(std::move(steps))...} {}

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const std::vector<std::shared_ptr<const Transform>>& steps() const { return steps_; }

 private:
  std::vector<std::shared_ptr<const Transform>> steps_;
};

}  // namespace torch_ext::transforms
