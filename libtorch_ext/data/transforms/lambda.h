#pragma once

#include <functional>

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// A function of one's own as a step: torchvision's `Lambda`. The function is called from several threads at once and
/// must leave its argument as it is.
///
///     Lambda{[](const at::Tensor& image, tx::Random& random) { return image * random.uniform(0.9, 1.1); }}
class Lambda : public Transform {
 public:
  using Function = std::function<at::Tensor(const at::Tensor& image, Random& random)>;

  /// Throws a `c10::ValueError` where `lambd` is empty.
  explicit Lambda(Function lambd);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override { return lambd_(image, random); }
  std::string repr() const override { return "Lambda()"; }

 private:
  Function lambd_;
};

}  // namespace torch_ext::transforms
