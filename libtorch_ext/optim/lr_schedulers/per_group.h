#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

namespace torch_ext {

/// Python's "float or list": one number for all of the optimizer's groups, or one for each.
///
///     tx::OneCycleLR(optimizer, 0.1, {.total_steps = 100});
///     tx::OneCycleLR(optimizer, {0.1, 0.01}, {.total_steps = 100});
class PerGroup {
 public:
  PerGroup(double number) : numbers_{number} {}
  PerGroup(std::vector<double> numbers) : numbers_(std::move(numbers)), is_list_(true) {}
  PerGroup(std::initializer_list<double> numbers) : numbers_(numbers), is_list_(true) {}

  bool is_list() const { return is_list_; }
  /// One number for each of `groups`. Throws `c10::ValueError` that names `name` where a list has another length.
  std::vector<double> expand(const char* name, size_t groups) const;

 private:
  std::vector<double> numbers_;
  bool is_list_ = false;
};

}  // namespace torch_ext
