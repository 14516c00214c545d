#pragma once

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

#include <optional>

namespace torch_ext {

/// Python's arguments of `torch.autocast`.
struct AutocastOptions {
  std::optional<c10::ScalarType> dtype = {};  ///< none: bfloat16 on the CPU, float16 on CUDA (or what was set before)
  bool enabled = true;                        ///< off: a region in full precision inside one that is not
  std::optional<bool> cache_enabled = {};     ///< of casts of weights; none: as before, which is on
};

/// While it lives, this thread computes in lower precision where that is safe: Python's `torch.autocast`, with the
/// same dtype for each operation. At its end all is as before, also after an exception; the cache of cast weights is
/// dropped when the outermost one ends. Regions may be nested; they end in the reverse order.
///
/// One difference comes from LibTorch's `nn::Linear`: it multiplies by a transposed view of its weight, which the cache
/// doesn't take. A Linear that is called twice in one region casts twice, and its two gradients add up in float32,
/// where Python adds them up in the lower precision.
///
/// ```cpp
/// torch::Tensor loss;
/// {
///   tx::Autocast autocast(torch::kCPU);                  // bfloat16
///   loss = torch::cross_entropy_loss(model->forward(images), labels);
/// }
/// loss.backward();                                       // outside: gradients have their weights' dtypes
/// ```
class Autocast {
 public:
  /// On `c10::kCUDA` without a GPU nothing is cast, as in Python. Throws a `c10::ValueError` for a device type that
  /// has no autocast, and on the CPU for a dtype other than bfloat16 and float16.
  explicit Autocast(c10::DeviceType device_type, AutocastOptions options = {});
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_type_;
  c10::ScalarType previous_dtype_;
  bool previous_enabled_;
  bool previous_cache_enabled_;
};

}  // namespace torch_ext
