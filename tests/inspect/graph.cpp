#include "libtorch_ext/inspect/graph.h"

#include <torch/torch.h>

#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

namespace {

struct SkipImpl : torch::nn::Module {
  SkipImpl() { register_module("fc", fc); }
  torch::Tensor forward(const torch::Tensor& x) { return torch::relu(fc(x) + x); }
  torch::nn::Linear fc{4, 4};
};
TORCH_MODULE(Skip);

}  // namespace

TEST_CASE("a trace follows the data through modules, operations between them and views in place") {
  tx::Sequential net({{"skip", Skip()}, {"act", torch::nn::ReLU(torch::nn::ReLUOptions(true))}});
  const auto trace = tx::trace(net, torch::ones({2, 4}));
  std::vector<std::string> names;
  for (const auto& node : trace.nodes) names.push_back(node.name);
  CHECK(names == std::vector<std::string>{"", "skip", "skip.fc", "aten::add", "aten::relu", "act"});
  CHECK(trace.nodes[1].parent == 0);
  CHECK(trace.nodes[3].parent == 1);
  CHECK(trace.nodes[2].sources == std::vector<int64_t>{-1});
  CHECK(trace.nodes[3].sources == std::vector<int64_t>{-1, 2});
  CHECK(trace.nodes[5].sources == std::vector<int64_t>{4});
  CHECK(trace.results == std::vector<int64_t>{5});
  CHECK_FALSE(trace.nodes[1].is_leaf);
}

TEST_CASE("a trace is the same in training mode: a batch norm that counts its batches is no operation of the model") {
  const auto model = tx::create_model("resnet18");
  const auto train = tx::trace(model, torch::ones({2, 3, 64, 64}));
  model.ptr()->eval();
  const auto eval = tx::trace(model, torch::ones({2, 3, 64, 64}));
  CHECK(tx::to_dot(train) == tx::to_dot(eval));
}

TEST_CASE("a graph is written as DOT and as a page, and a name from a file can't break either") {
  tx::Sequential net({{"</script>\"", tx::Sequential(torch::nn::Linear(4, 2))}});
  const auto trace = tx::trace(net, torch::ones({3, 4}));
  const std::string dot = tx::to_dot(trace);
  CHECK_THAT(dot, ContainsSubstring("subgraph cluster_1 {\n      label=\"</script>\\\" (Sequential)\";"));
  CHECK_THAT(dot, ContainsSubstring("n2 [label=\"0 (Linear)\n3x2\"];"));
  CHECK_THAT(dot, ContainsSubstring("  input -> n2;\n"));
  CHECK_THAT(dot, ContainsSubstring("  n2 -> output [tooltip=\"3x2\"];\n"));
  const std::string page = tx::to_html(trace, "a <b>");
  CHECK_THAT(page, ContainsSubstring("<title>a &lt;b></title>"));
  CHECK_THAT(page, ContainsSubstring("\\u003c/script>\\\" (Sequential)"));
}
