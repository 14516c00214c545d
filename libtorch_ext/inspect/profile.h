#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// The time that a module's calls took.
struct ModuleTime {
  /// Its path; `""` for the model itself.
  std::string name;
  std::string class_name;
  /// Calls in one forward of the model.
  int64_t calls = 0;
  /// Milliseconds a forward of the model, with and without the modules that it called: means over the repeats.
  double total_ms = 0;
  double self_ms = 0;
};

struct ProfileOptions {
  /// Forwards that aren't counted, before the others.
  int64_t warmup = 1;
  int64_t repeats = 5;
};

/// How long each module takes, the one with the most time of its own first; modules that aren't called are left out.
/// Runs in the model's mode, without gradients. On an accelerator every module is waited for, so that its time is its
/// own; the model as a whole is slower for that.
///
///     std::cout << tx::to_text(tx::profile(model, images));
std::vector<ModuleTime> profile(const TensorModule& model, const at::Tensor& input, ProfileOptions options = {});

/// A table, a line a module.
std::string to_text(const std::vector<ModuleTime>& times);

}  // namespace torch_ext
