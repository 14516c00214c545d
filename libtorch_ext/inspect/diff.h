#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {

/// How far two tensors of one dtype and shape are apart.
struct TensorDistance {
  int64_t elements = 0;  ///< that differ; 0 and -0 don't, nor do two nans
  double max_abs = 0;    ///< the largest |a - b|; infinite where one of the two is nan
  /// The largest number of steps from one representable number to the next between a and b ("units in the last
  /// place"); for float16, bfloat16, float32 and float64 only, and without nans.
  std::optional<uint64_t> max_ulp;
};

/// Throws a `c10::ValueError` for other dtypes or shapes than `a`'s.
///
///     tx::distance(torch::tensor(1.F), torch::tensor(1.0000001F)).max_ulp   // 1
TensorDistance distance(const at::Tensor& a, const at::Tensor& b);

/// A name that two models have both, and what it stands for in each.
struct Difference {
  std::string name;
  std::string a;  ///< a module, "Linear(in_features=2, out_features=2, bias=True)", or a tensor, "float32 [2, 2]"
  std::string b;
  std::optional<TensorDistance> distance;  ///< of tensors that are of one dtype and shape
};

/// Where two models, or two states, differ. Names are in A's order, those of B alone in B's.
struct ModelDiff {
  std::vector<Difference> modules;  ///< by path, "" for the model itself: class or options differ
  std::vector<std::string> modules_only_a, modules_only_b;
  std::vector<Difference> tensors;  ///< by state_dict name: dtype, shape or values differ
  std::vector<std::string> tensors_only_a, tensors_only_b;

  bool equal() const;
};

/// Compares the trees of two modules, their parameters and their buffers. The models may be of any class and on any
/// device.
///
///     tx::ModelDiff found = tx::diff(*model, *reloaded);
///     if (!found.equal()) std::cout << tx::to_text(found);
ModelDiff diff(const torch::nn::Module& a, const torch::nn::Module& b);

/// Compares two states, the tensors of a `StateDict` for example: finds tensors only.
ModelDiff diff(const NamedTensors& a, const NamedTensors& b);

/// A line for each difference:
///
///     module fc: Linear(in_features=512, out_features=10, bias=True) | Linear(in_features=512, out_features=20,
///     bias=True) tensor conv1.weight: 12 elements of float32 [64, 3, 7, 7] differ, by at most 1.2e-07 (3 ulp) tensor
///     fc.weight: float32 [10, 512] | float32 [20, 512] tensor only in B: fc.scale
///
/// Empty where nothing differs.
std::string to_text(const ModelDiff& diff);

}  // namespace torch_ext
