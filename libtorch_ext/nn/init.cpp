#include "libtorch_ext/nn/init.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

#include <cmath>
#include <string>
#include <unordered_set>

namespace torch_ext {
namespace {

template <typename... Impls>
bool is_one_of(const torch::nn::Module& module) {
  return (... || (dynamic_cast<const Impls*>(&module) != nullptr));
}

// Fills the module's own parameters whose names begin so.
bool fill(torch::nn::Module& module, const std::string& start, const Initializer& initializer) {
  if (!initializer) return false;
  const c10::NoGradGuard no_grad;
  bool any = false;
  for (const auto& parameter : module.named_parameters(/*recurse=*/false)) {
    if (parameter.key().rfind(start, 0) != 0 || !parameter.value().defined()) continue;
    initializer(parameter.value());
    any = true;
  }
  return any;
}

template <typename Impl>
void clear_padding(torch::nn::Module& module) {
  auto* embedding = dynamic_cast<Impl*>(&module);
  if (!embedding || !embedding->options.padding_idx()) return;
  const c10::NoGradGuard no_grad;
  embedding->weight[*embedding->options.padding_idx()].zero_();
}

bool initialize_layer(torch::nn::Module& module, const LayerInitializers& with) {
  namespace nn = torch::nn;
  if (is_one_of<nn::LinearImpl, nn::BilinearImpl>(module)) {
    const bool weight = fill(module, "weight", with.linear);
    return fill(module, "bias", with.bias) || weight;
  }
  if (is_one_of<nn::Conv1dImpl, nn::Conv2dImpl, nn::Conv3dImpl, nn::ConvTranspose1dImpl, nn::ConvTranspose2dImpl,
                nn::ConvTranspose3dImpl>(module)) {
    const bool weight = fill(module, "weight", with.conv);
    return fill(module, "bias", with.bias) || weight;
  }
  if (is_one_of<nn::EmbeddingImpl, nn::EmbeddingBagImpl>(module)) {
    if (!fill(module, "weight", with.embedding)) return false;
    clear_padding<nn::EmbeddingImpl>(module);
    clear_padding<nn::EmbeddingBagImpl>(module);
    return true;
  }
  if (is_one_of<nn::RNNImpl, nn::LSTMImpl, nn::GRUImpl>(module)) {
    const bool weight = fill(module, "weight", with.recurrent_weight);
    return fill(module, "bias", with.recurrent_bias) || weight;
  }
  if (module.name().find("Norm") == std::string::npos) return false;
  const bool weight = fill(module, "weight", with.norm_weight);
  return fill(module, "bias", with.norm_bias) || weight;
}

int64_t initialize_below(torch::nn::Module& module, const LayerInitializers& with,
                         std::unordered_set<const torch::nn::Module*>& seen) {
  if (!seen.insert(&module).second) return 0;
  int64_t count = 0;
  for (const auto& child : module.children()) count += initialize_below(*child, with, seen);
  return count + (initialize_layer(module, with) ? 1 : 0);
}

double normal_cdf(double x) { return (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0; }

}  // namespace

at::Tensor trunc_normal_(at::Tensor tensor, TruncNormalOptions options) {
  const auto [mean, std, a, b] = options;
  TORCH_CHECK_VALUE(std > 0 && a < b, "trunc_normal_: found std = ", std, ", a = ", a, ", b = ", b,
                    ", expected std > 0 and a < b");
  const c10::NoGradGuard no_grad;
  const double low = normal_cdf((a - mean) / std), high = normal_cdf((b - mean) / std);
  tensor.uniform_(2 * low - 1, 2 * high - 1);
  return tensor.erfinv_().mul_(std * std::sqrt(2.0)).add_(mean).clamp_(a, b);
}

namespace init {

namespace from = torch::nn::init;

Initializer constant(double value) {
  return [=](at::Tensor tensor) { from::constant_(std::move(tensor), value); };
}
Initializer normal(double mean, double std) {
  return [=](at::Tensor tensor) { from::normal_(std::move(tensor), mean, std); };
}
Initializer uniform(double low, double high) {
  return [=](at::Tensor tensor) { from::uniform_(std::move(tensor), low, high); };
}
Initializer trunc_normal(TruncNormalOptions options) {
  return [=](at::Tensor tensor) { trunc_normal_(std::move(tensor), options); };
}
Initializer xavier_uniform(double gain) {
  return [=](at::Tensor tensor) { from::xavier_uniform_(std::move(tensor), gain); };
}
Initializer xavier_normal(double gain) {
  return [=](at::Tensor tensor) { from::xavier_normal_(std::move(tensor), gain); };
}
Initializer orthogonal(double gain) {
  return [=](at::Tensor tensor) { from::orthogonal_(std::move(tensor), gain); };
}
Initializer kaiming_uniform(KaimingOptions options) {
  return [=](at::Tensor tensor) {
    from::kaiming_uniform_(std::move(tensor), options.a, options.mode, options.nonlinearity);
  };
}
Initializer kaiming_normal(KaimingOptions options) {
  return [=](at::Tensor tensor) {
    from::kaiming_normal_(std::move(tensor), options.a, options.mode, options.nonlinearity);
  };
}

}  // namespace init

int64_t initialize(torch::nn::Module& module, const LayerInitializers& initializers) {
  std::unordered_set<const torch::nn::Module*> seen;
  return initialize_below(module, initializers, seen);
}

}  // namespace torch_ext
