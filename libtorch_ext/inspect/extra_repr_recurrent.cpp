#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

std::string recurrent(const auto& o, int64_t proj_size) {
  return python_format("{}, {}", o.input_size(), o.hidden_size()) +
         when(proj_size != 0, python_format(", proj_size={}", proj_size)) +
         when(o.num_layers() != 1, python_format(", num_layers={}", o.num_layers())) + when(!o.bias(), ", bias=False") +
         when(o.batch_first(), ", batch_first=True") +
         when(o.dropout() != 0, python_format(", dropout={}", o.dropout())) +
         when(o.bidirectional(), ", bidirectional=True");
}
std::string extra(const RNNOptions& o) { return recurrent(o, 0); }
std::string extra(const LSTMOptions& o) { return recurrent(o, o.proj_size()); }
std::string extra(const GRUOptions& o) { return recurrent(o, 0); }

std::string recurrent_cell(const auto& o) {
  return python_format("{}, {}", o.input_size(), o.hidden_size()) + when(!o.bias(), ", bias=False");
}
std::string extra(const RNNCellOptions& o) {
  return recurrent_cell(o) + when(word(o.nonlinearity()) != "tanh", ", nonlinearity=" + word(o.nonlinearity()));
}
std::string extra(const LSTMCellOptions& o) { return recurrent_cell(o); }
std::string extra(const GRUCellOptions& o) { return recurrent_cell(o); }

}  // namespace

std::optional<std::string> recurrent_extra(const Module& module) {
  return extra_of<RNNImpl, LSTMImpl, GRUImpl, RNNCellImpl, LSTMCellImpl, GRUCellImpl>(
      module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail
