#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"

namespace torch_ext::detail {

using namespace torch::nn;

std::vector<Layer> linear_layers() {
  return {
      layer<IdentityImpl>("linear.Identity"),
      layer<LinearImpl>("linear.Linear", LinearOptions(1, 1),
                        [](auto& python, auto& o) {
                          python("in_features", o.in_features());
                          python("out_features", o.out_features());
                          python.is_there("bias", o.bias());
                          python.parameters(true, {"weight"}, {o.out_features(), o.in_features()});
                          python.parameters(o.bias(), {"bias"}, {o.out_features()});
                        }),
      layer<EmbeddingImpl>("sparse.Embedding", EmbeddingOptions(1, 1),
                           [](auto& python, auto& o) {
                             python("num_embeddings", o.num_embeddings());
                             python("embedding_dim", o.embedding_dim());
                             python("padding_idx", o.padding_idx());
                             python("max_norm", o.max_norm());
                             python("norm_type", o.norm_type());
                             python("scale_grad_by_freq", o.scale_grad_by_freq());
                             python("sparse", o.sparse());
                             python.parameters(true, {"weight"}, {o.num_embeddings(), o.embedding_dim()});
                           }),
      layer<EmbeddingBagImpl>("sparse.EmbeddingBag", EmbeddingBagOptions(1, 1),
                              [](auto& python, auto& o) {
                                python("num_embeddings", o.num_embeddings());
                                python("embedding_dim", o.embedding_dim());
                                python("max_norm", o.max_norm());
                                python("norm_type", o.norm_type());
                                python("scale_grad_by_freq", o.scale_grad_by_freq());
                                python("padding_idx", o.padding_idx());
                                python("mode", o.mode());
                                python("sparse", o.sparse());
                                python("include_last_offset", o.include_last_offset());
                                python.parameters(true, {"weight"}, {o.num_embeddings(), o.embedding_dim()});
                              }),
  };
}

}  // namespace torch_ext::detail
