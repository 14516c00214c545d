#include "libtorch_ext/models/vision_transformer.h"

#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/models/check_options.h"

namespace torch_ext {
namespace vit_parts {

constexpr int64_t kImageSize = 224;
constexpr double kNormEps = 1e-6;

torch::nn::LayerNorm layer_norm(int64_t size) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({size}).eps(kNormEps));
}

// torch.nn.init.trunc_normal_ from -2 to 2, by the inverse of the distribution function.
void truncated_normal_(torch::Tensor tensor, double std) {
  const auto distribution = [](double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; };
  const torch::NoGradGuard no_grad;
  tensor.uniform_(2 * distribution(-2 / std) - 1, 2 * distribution(2 / std) - 1);
  tensor.erfinv_().mul_(std * std::sqrt(2.0)).add_(0.0).clamp_(-2, 2);
}

// `copy` with the parameters and the mode of `other`.
template <typename Impl>
std::shared_ptr<Impl> filled(std::shared_ptr<Impl> copy, const Impl& other,
                             const std::optional<torch::Device>& device) {
  if (device) copy->to(*device);
  const torch::NoGradGuard no_grad;
  const auto theirs = other.named_parameters();
  for (auto& item : copy->named_parameters()) {
    item.value().copy_(theirs[item.key()]).set_requires_grad(theirs[item.key()].requires_grad());
  }
  copy->train(other.is_training());
  return copy;
}

// LibTorch's Linear adds the bias of [batch, tokens, size] after the product; Python's in one operation, which rounds
// otherwise.
class TokenLinearImpl : public torch::nn::LinearImpl, public ClassName {
 public:
  TokenLinearImpl(int64_t inputs, int64_t outputs) : LinearImpl(inputs, outputs) {}

  torch::Tensor forward(const torch::Tensor& x) {
    return observed(
        *this, [this](const torch::Tensor& x) { return at::linear(x, weight, bias); }, x);
  }

  std::string class_name() const override { return "Linear"; }

  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device) const override {
    return filled(std::make_shared<TokenLinearImpl>(options.in_features(), options.out_features()), *this, device);
  }
};
TORCH_MODULE(TokenLinear);

// Python's MultiheadAttention of a batch [batch, tokens, size] with itself, by the operations that it takes there.
class SelfAttentionImpl : public torch::nn::MultiheadAttentionImpl, public ClassName {
 public:
  SelfAttentionImpl(int64_t size, int64_t heads)
      : MultiheadAttentionImpl(torch::nn::MultiheadAttentionOptions(size, heads)) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const auto run = [this](const torch::Tensor& x) {
      const bool needs_gradient =
          torch::GradMode::is_enabled() && (x.requires_grad() || in_proj_weight.requires_grad());
      return is_training() || needs_gradient ? composed(x) : fused(x);
    };
    return observed(*this, run, x);
  }

  std::string class_name() const override { return "MultiheadAttention"; }

  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device) const override {
    return filled(std::make_shared<SelfAttentionImpl>(options.embed_dim(), options.num_heads()), *this, device);
  }

 private:
  torch::Tensor fused(const torch::Tensor& x) const {
    return std::get<0>(at::_native_multi_head_attention(x, x, x, options.embed_dim(), options.num_heads(),
                                                        in_proj_weight, in_proj_bias, out_proj->weight, out_proj->bias,
                                                        /*mask=*/std::nullopt, /*need_weights=*/false));
  }

  torch::Tensor composed(const torch::Tensor& x) const {
    const int64_t batch = x.size(0), tokens = x.size(1), size = x.size(2), heads = options.num_heads();
    const auto packed = at::linear(x.transpose(0, 1), in_proj_weight, in_proj_bias);
    const auto projected = packed.unflatten(-1, {3, size}).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous();
    const auto by_head = [&](int64_t which) {
      return projected[which]
          .view({tokens, batch * heads, size / heads})
          .transpose(0, 1)
          .view({batch, heads, tokens, size / heads});
    };
    const auto attended = at::scaled_dot_product_attention(by_head(0), by_head(1), by_head(2));
    const auto joined = attended.permute({2, 0, 1, 3}).contiguous().view({batch * tokens, size});
    return at::linear(joined, out_proj->weight, out_proj->bias).view({tokens, batch, size}).transpose(0, 1);
  }
};
TORCH_MODULE(SelfAttention);

class MLPBlockImpl : public SequentialBase<MLPBlockImpl> {
 public:
  MLPBlockImpl(int64_t size, int64_t hidden) {
    const TokenLinear first(size, hidden);
    const TokenLinear second(hidden, size);
    push_back(first);
    push_back(torch::nn::GELU());
    push_back(torch::nn::Dropout(0.0));
    push_back(second);
    push_back(torch::nn::Dropout(0.0));
    for (const auto& linear : {first, second}) {
      torch::nn::init::xavier_uniform_(linear->weight);
      torch::nn::init::normal_(linear->bias, 0, 1e-6);
    }
  }
};
TORCH_MODULE(MLPBlock);

class EncoderBlockImpl : public torch::nn::Cloneable<EncoderBlockImpl> {
 public:
  explicit EncoderBlockImpl(const VisionTransformerLayout& layout) : layout_(layout) { reset(); }

  void reset() override {
    ln_1_ = register_module("ln_1", layer_norm(layout_.hidden_dim));
    self_attention_ = register_module("self_attention", SelfAttention(layout_.hidden_dim, layout_.num_heads));
    dropout_ = register_module("dropout", torch::nn::Dropout(0.0));
    ln_2_ = register_module("ln_2", layer_norm(layout_.hidden_dim));
    mlp_ = register_module("mlp", MLPBlock(layout_.hidden_dim, layout_.mlp_dim));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const torch::Tensor x = dropout_(self_attention_->forward(ln_1_(input))) + input;
    return x + mlp_->forward(ln_2_(x));
  }

 private:
  VisionTransformerLayout layout_;
  torch::nn::LayerNorm ln_1_ = nullptr, ln_2_ = nullptr;
  SelfAttention self_attention_ = nullptr;
  torch::nn::Dropout dropout_ = nullptr;
  MLPBlock mlp_ = nullptr;
};
TORCH_MODULE(EncoderBlock);

class EncoderImpl : public torch::nn::Cloneable<EncoderImpl> {
 public:
  EncoderImpl(const VisionTransformerLayout& layout, int64_t tokens) : layout_(layout), tokens_(tokens) { reset(); }

  void reset() override {
    pos_embedding_ =
        register_parameter("pos_embedding", torch::empty({1, tokens_, layout_.hidden_dim}).normal_(0, 0.02));
    dropout_ = register_module("dropout", torch::nn::Dropout(0.0));
    Sequential layers;
    for (int64_t i = 0; i < layout_.num_layers; ++i) {
      layers->push_back("encoder_layer_" + std::to_string(i), EncoderBlock(layout_));
    }
    layers_ = register_module("layers", layers);
    ln_ = register_module("ln", layer_norm(layout_.hidden_dim));
  }

  torch::Tensor forward(const torch::Tensor& input) { return ln_(layers_->forward(dropout_(input + pos_embedding_))); }

 private:
  VisionTransformerLayout layout_;
  int64_t tokens_;
  torch::Tensor pos_embedding_;
  torch::nn::Dropout dropout_ = nullptr;
  Sequential layers_ = nullptr;
  torch::nn::LayerNorm ln_ = nullptr;
};
TORCH_MODULE(Encoder);

}  // namespace vit_parts

VisionTransformerImpl::VisionTransformerImpl(VisionTransformerLayout layout, const ModelOptions& options)
    : layout_(layout), options_(options) {
  detail::check_rgb_options("VisionTransformer", options);
  TORCH_CHECK_VALUE(layout.patch_size > 0 && vit_parts::kImageSize % layout.patch_size == 0,
                    "VisionTransformer: found patch_size = ", layout.patch_size, ", expected a divisor of 224");
  TORCH_CHECK_VALUE(layout.num_layers > 0 && layout.mlp_dim > 0 && layout.num_heads > 0 && layout.hidden_dim > 0 &&
                        layout.hidden_dim % layout.num_heads == 0,
                    "VisionTransformer: found num_layers = ", layout.num_layers, ", mlp_dim = ", layout.mlp_dim,
                    ", num_heads = ", layout.num_heads, ", hidden_dim = ", layout.hidden_dim,
                    ", expected positive numbers, the last a multiple of num_heads");
  reset();
}

void VisionTransformerImpl::reset() {
  const int64_t patch = layout_.patch_size, size = layout_.hidden_dim, rows = vit_parts::kImageSize / patch;
  conv_proj_ = register_module("conv_proj", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, size, patch).stride(patch)));
  class_token_ = register_parameter("class_token", torch::zeros({1, 1, size}));
  encoder_ = register_module("encoder", vit_parts::Encoder(layout_, rows * rows + 1));
  const torch::nn::Linear head(size, options_.num_classes);
  heads_ = register_module("heads", Sequential({{"head", head}}));

  vit_parts::truncated_normal_(conv_proj_->weight, std::sqrt(1.0 / static_cast<double>(3 * patch * patch)));
  torch::nn::init::zeros_(conv_proj_->bias);
  torch::nn::init::zeros_(head->weight);
  torch::nn::init::zeros_(head->bias);
}

torch::Tensor VisionTransformerImpl::tokens_of(const torch::Tensor& images) {
  TORCH_CHECK_VALUE(images.dim() == 4 && images.size(2) == vit_parts::kImageSize && images.size(3) == images.size(2),
                    "VisionTransformer: found the input ", images.sizes(), ", expected [batch, 3, 224, 224]");
  const auto patches = conv_proj_(images).flatten(2).permute({0, 2, 1});
  return at::cat({class_token_.expand({images.size(0), -1, -1}), patches}, 1);
}

torch::Tensor VisionTransformerImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    return heads_->forward(encoder_->forward(tokens_of(x)).select(1, 0));
  };
  return observed(*this, run, x);
}

namespace {

constexpr VisionTransformerLayout vit_base(int64_t patch_size) { return {patch_size, 12, 12, 768, 3072}; }
constexpr VisionTransformerLayout vit_large(int64_t patch_size) { return {patch_size, 24, 16, 1024, 4096}; }

}  // namespace

VisionTransformer vit_b_16(const ModelOptions& options) { return VisionTransformer(vit_base(16), options); }
VisionTransformer vit_b_32(const ModelOptions& options) { return VisionTransformer(vit_base(32), options); }
VisionTransformer vit_l_16(const ModelOptions& options) { return VisionTransformer(vit_large(16), options); }
VisionTransformer vit_l_32(const ModelOptions& options) { return VisionTransformer(vit_large(32), options); }
VisionTransformer vit_h_14(const ModelOptions& options) {
  return VisionTransformer(VisionTransformerLayout{14, 32, 16, 1280, 5120}, options);
}

}  // namespace torch_ext
