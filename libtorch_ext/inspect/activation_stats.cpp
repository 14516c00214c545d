#include "libtorch_ext/inspect/activation_stats.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/hooks.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

int64_t count(const at::Tensor& mask) { return mask.sum().item<int64_t>(); }

ActivationStats stats_of(const HookedCall& call, const at::Tensor& output) {
  const at::Tensor values = output.detach().to(at::kDouble);
  const at::Tensor finite = values.masked_select(values.isfinite());
  ActivationStats stats{.name = call.name, .class_name = class_name(call.module), .shape = output.sizes().vec()};
  stats.nan_count = count(values.isnan());
  stats.inf_count = count(values.isinf());
  if (finite.numel() == 0) return stats;
  stats.mean = finite.mean().item<double>();
  stats.std = finite.std(/*unbiased=*/false).item<double>();
  stats.min = finite.min().item<double>();
  stats.max = finite.max().item<double>();
  stats.zeros = static_cast<double>(count(values == 0)) / static_cast<double>(values.numel());
  return stats;
}

bool is_bad(const at::Tensor& tensor) {
  return (tensor.is_floating_point() || tensor.is_complex()) && !tensor.isfinite().all().item<bool>();
}

std::optional<NonFinite> non_finite(const HookedCall& call) {
  for (const at::Tensor& output : call.outputs) {
    if (!is_bad(output)) continue;
    NonFinite bad{.name = call.name, .class_name = class_name(call.module)};
    bad.nan_count = count(output.isnan());
    bad.inf_count = count(output.isinf());
    bad.in_input = std::ranges::any_of(call.inputs, is_bad);
    for (const auto& entry : state_entries(call.module)) {
      if (bad.bad_tensor.empty() && is_bad(entry.tensor)) bad.bad_tensor = entry.name;
    }
    return bad;
  }
  return std::nullopt;
}

}  // namespace

std::vector<ActivationStats> activation_stats(const TensorModule& model, const at::Tensor& input) {
  const torch::NoGradGuard no_grad;
  std::vector<ActivationStats> stats;
  const auto hook = register_forward_hook(*model.ptr(), "*", [&](HookedCall& call) {
    if (!call.module.children().empty()) return;
    for (const at::Tensor& output : call.outputs) {
      if (output.is_floating_point()) stats.push_back(stats_of(call, output));
    }
  });
  model.forward(input);
  return stats;
}

std::optional<NonFinite> find_non_finite(const TensorModule& model, const at::Tensor& input) {
  const torch::NoGradGuard no_grad;
  std::optional<NonFinite> first;
  const auto hook = register_forward_hook(*model.ptr(), "*", [&](HookedCall& call) {
    if (!first) first = non_finite(call);
  });
  model.forward(input);
  return first;
}

}  // namespace torch_ext
