#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace torch_ext::testing {

/// Results of ours and the Python expressions that should give the same: compared number by number in one run of
/// Python. Expressions see `F` (torchvision.transforms.functional), `V` (torchvision.transforms.v2.functional), `T`
/// (torchvision.transforms), `I` (InterpolationMode), `torch`, and the tensors that were given a name.
///
///     Parity parity;
///     parity.name("x", image);
///     parity.expect("hflip", "F.hflip(x)", functional::hflip(image));
///     CHECK(parity.compare() == "");
class Parity {
 public:
  void name(const std::string& name, const at::Tensor& tensor) { named_.emplace_back(name, tensor); }

  /// Numbers may differ by `tolerance`.
  void expect(const std::string& function, const std::string& expression, const at::Tensor& ours, double tolerance = 0);

  size_t size() const { return cases_.size(); }

  /// What differs, a line each; empty: nothing. Prints, for each function, how many numbers were compared.
  std::string compare() const;

 private:
  struct Case {
    std::string function, expression;
    at::Tensor ours;
    double tolerance;
  };
  std::vector<std::pair<std::string, at::Tensor>> named_;
  std::vector<Case> cases_;
};

}  // namespace torch_ext::testing
