#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

template <typename Options>
std::string embedding_norm(const Options& o) {
  return when(o.max_norm().has_value(), python_format(", max_norm={}", o.max_norm())) +
         when(o.norm_type() != 2, python_format(", norm_type={}", o.norm_type())) +
         when(o.scale_grad_by_freq(), ", scale_grad_by_freq=True");
}

std::string extra(const EmbeddingOptions& o) {
  return python_format("{}, {}", o.num_embeddings(), o.embedding_dim()) +
         when(o.padding_idx().has_value(), python_format(", padding_idx={}", o.padding_idx())) + embedding_norm(o) +
         when(o.sparse(), ", sparse=True");
}

std::string extra(const EmbeddingBagOptions& o) {
  return python_format("{}, {}", o.num_embeddings(), o.embedding_dim()) + embedding_norm(o) +
         python_format(", mode='{}'", word(o.mode())) +
         when(o.padding_idx().has_value(), python_format(", padding_idx={}", o.padding_idx()));
}

}  // namespace

std::optional<std::string> embedding_extra(const Module& module) {
  return extra_of<EmbeddingImpl, EmbeddingBagImpl>(module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail
