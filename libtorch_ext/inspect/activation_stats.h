#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// What one call of a layer put out. Numbers are of the finite elements, in double precision.
struct ActivationStats {
  /// The layer's path; equal for several calls of one layer.
  std::string name;
  std::string class_name;
  std::vector<int64_t> shape;
  double mean = 0;
  /// Of the population, without Bessel's correction.
  double std = 0;
  double min = 0;
  double max = 0;
  /// The share of zeros: of dead units after a ReLU.
  double zeros = 0;
  int64_t nan_count = 0;
  int64_t inf_count = 0;
};

/// What the modules below `model` without children put out for `input`, in the order of their calls, in the model's
/// mode, without gradients. Results that aren't floating-point are left out.
///
///     for (auto& s : tx::activation_stats(model, images)) std::cout << s.name << ' ' << s.mean << '\n';
std::vector<ActivationStats> activation_stats(const TensorModule& model, const at::Tensor& input);

/// Where numbers went bad first.
struct NonFinite {
  /// The path of the module, `""` for the model itself.
  std::string name;
  std::string class_name;
  int64_t nan_count = 0;
  int64_t inf_count = 0;
  /// Whether the module had been given NaN or infinity: the model's input is bad, or an operation between modules.
  bool in_input = false;
  /// The first of the module's own parameters and buffers that isn't finite, or `""`.
  std::string bad_tensor;
};

/// The first module, the innermost one, whose output for `input` holds NaN or infinity; nothing, if none does.
///
///     if (auto bad = tx::find_non_finite(model, images)) std::cerr << "NaN in " << bad->name << '\n';
std::optional<NonFinite> find_non_finite(const TensorModule& model, const at::Tensor& input);

}  // namespace torch_ext
