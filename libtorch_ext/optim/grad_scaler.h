#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// Python's defaults and names.
struct GradScalerOptions {
  double init_scale = 65536;
  double growth_factor = 2;     ///< the scale's, after `growth_interval` steps in a row without infinities
  double backoff_factor = 0.5;  ///< the scale's, after a step with some
  int64_t growth_interval = 2000;
  bool enabled = true;  ///< off: `scale` returns what it is given, `step` steps, nothing else does anything
};

/// Loss scaling for training in float16: Python's `torch.amp.GradScaler`, with the same numbers.
///
/// ```cpp
/// tx::GradScaler scaler;
/// optimizer.zero_grad();
/// scaler.scale(loss).backward();
/// scaler.unscale_(optimizer);                           // only where gradients are looked at or clipped
/// tx::clip_grad_norm_(*model, 1.0);
/// scaler.step(optimizer);                               // skips the step where a gradient isn't finite
/// scaler.update();
/// ```
///
/// Takes several optimizers: `step` for each, then one `update`. `scale` and `unscale_` don't wait for a GPU; `step`
/// does, to learn whether to step. Misuse (`step` twice, `update` without a step) throws a `c10::Error`.
class GradScaler {
 public:
  /// Throws a `c10::ValueError` unless growth_factor > 1 and backoff_factor < 1.
  explicit GradScaler(GradScalerOptions options = {});

  /// `outputs` times the scale. The scale lives on the device of the first that is scaled.
  at::Tensor scale(const at::Tensor& outputs);
  std::vector<at::Tensor> scale(const std::vector<at::Tensor>& outputs);

  /// Divides the gradients of `optimizer` by the scale, and remembers whether all were finite. Once between updates.
  void unscale_(torch::optim::Optimizer& optimizer);

  /// Unscales, if that is still to be done, and calls `optimizer.step()` if all gradients are finite. Returns whether
  /// it did. Throws where no parameter has a gradient.
  bool step(torch::optim::Optimizer& optimizer);

  /// Sets the scale for the next iteration: by what the steps found, or to `new_scale`.
  void update();
  void update(double new_scale);

  bool is_enabled() const { return options_.enabled; }
  /// The scale; 1 where disabled. Waits for the GPU.
  double get_scale() const;
  double get_growth_factor() const { return options_.growth_factor; }
  double get_backoff_factor() const { return options_.backoff_factor; }
  int64_t get_growth_interval() const { return options_.growth_interval; }
  void set_growth_factor(double factor) { options_.growth_factor = factor; }
  void set_backoff_factor(double factor) { options_.backoff_factor = factor; }
  void set_growth_interval(int64_t interval) { options_.growth_interval = interval; }

  /// Python's: `scale`, `growth_factor`, `backoff_factor`, `growth_interval`, `_growth_tracker`; empty where disabled.
  formats::Value state_dict() const;
  /// Goes on where `state_dict()` was taken, here or in Python; does nothing where disabled. Throws
  /// `torch_ext::Error`, and changes nothing, where an entry is missing or of another type.
  void load_state_dict(const formats::Value& state);

 private:
  enum class Stage { kReady, kUnscaled, kStepped };
  struct OptimizerState {
    const torch::optim::Optimizer* optimizer = nullptr;
    Stage stage = Stage::kReady;
    std::vector<at::Tensor> found_inf;  // one per device
  };

  OptimizerState& state_of(const torch::optim::Optimizer& optimizer);
  void check_scaled(const char* function) const;
  void make_scale(at::Device device);

  GradScalerOptions options_;
  int64_t init_growth_tracker_ = 0;
  at::Tensor scale_, growth_tracker_;  // undefined until something is scaled
  std::vector<OptimizerState> states_;
};

}  // namespace torch_ext
