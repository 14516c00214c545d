#include "libtorch_ext/inspect/tree.h"

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/nn/sequential.h"
#include "tests/inspect/python_prints.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using namespace torch::nn;

namespace {

// What makes counting hard: a module under three names, a tied weight, a buffer under two names, a parameter that is
// None, and own tensors registered after the children.
struct HardImpl : Module {
  HardImpl() {
    Linear shared(2, 2);
    auto mean = torch::zeros({2});
    register_module("first", shared);
    register_module("block", tx::Sequential(BatchNorm1d(2), shared, tx::Sequential(Linear(2, 2))));
    register_module("again", shared);
    register_module("nothing", std::shared_ptr<Module>());
    register_parameter("tied", shared->weight);
    register_parameter("scale", torch::ones({2}));
    register_parameter("none", {}, /*requires_grad=*/false);
    register_buffer("mean", mean);
    register_buffer("same_mean", mean);
  }
};
TORCH_MODULE(Hard);

const std::string kHardInPython = R"(
class Hard(nn.Module):
  def __init__(self):
    super().__init__()
    shared = nn.Linear(2, 2)
    mean = torch.zeros(2)
    self.first = shared
    self.block = nn.Sequential(nn.BatchNorm1d(2), shared, nn.Sequential(nn.Linear(2, 2)))
    self.again = shared
    self.nothing = None
    self.tied = shared.weight
    self.scale = nn.Parameter(torch.ones(2))
    self.register_parameter('none', None)
    self.register_buffer('mean', mean)
    self.register_buffer('same_mean', mean)
net = Hard()
def names(items):
  return ' '.join(name for name, _ in items)
)";

template <typename Value>
std::string names(const torch::OrderedDict<std::string, Value>& items) {
  std::string text;
  for (const auto& item : items) text += (&item == &*items.begin() ? "" : " ") + item.key();
  return text;
}

}  // namespace

TEST_CASE("every list has Python's names in Python's order, shared modules and tied weights once") {
  TORCH_EXT_NEEDS_PYTHON();
  const Hard net;
  const auto expected = tx::testing::python_prints(
      {
          "names(net.named_children())",
          "names(net.named_modules())",
          "names(net.named_modules(remove_duplicate=False))",
          "names(net.named_parameters())",
          "names(net.named_parameters(recurse=False))",
          "names(net.named_parameters(remove_duplicate=False))",
          "names(net.named_buffers())",
          "names(net.named_buffers(remove_duplicate=False))",
      },
      kHardInPython);
  REQUIRE(expected.size() == 8);
  CHECK(names(tx::named_children(*net)) == expected[0]);
  CHECK(names(tx::named_modules(*net)) == expected[1]);
  CHECK(names(tx::named_modules(*net, {.remove_duplicate = false})) == expected[2]);
  CHECK(names(tx::named_parameters(*net)) == expected[3]);
  CHECK(names(tx::named_parameters(*net, {.recurse = false})) == expected[4]);
  CHECK(names(tx::named_parameters(*net, {.remove_duplicate = false})) == expected[5]);
  CHECK(names(tx::named_buffers(*net)) == expected[6]);
  CHECK(names(tx::named_buffers(*net, {.remove_duplicate = false})) == expected[7]);
}

TEST_CASE("state_entries lists what Python's state_dict lists, all names of a tied weight among them") {
  TORCH_EXT_NEEDS_PYTHON();
  const Hard net;
  const auto expected = tx::testing::python_prints({"' '.join(net.state_dict())"}, kHardInPython);
  std::string found;
  for (const auto& entry : tx::state_entries(*net)) found += (found.empty() ? "" : " ") + entry.name;
  REQUIRE(expected.size() == 1);
  CHECK(found == expected[0]);
}

TEST_CASE("state_entries tells buffers from parameters and hands out the module's own tensors") {
  BatchNorm1d norm(2);
  const auto entries = tx::state_entries(*norm);
  REQUIRE(entries.size() == 5);
  for (const auto& entry : entries) {
    INFO(entry.name);
    CHECK(entry.is_buffer == (entry.name != "weight" && entry.name != "bias"));
  }
  CHECK(entries[0].tensor.is_same(norm->weight));
}

TEST_CASE("SGD over parameters() steps a tied weight once, over LibTorch's own list twice") {
  Linear tied(1, 1);
  Sequential net(tied, tied);
  auto weight_after_a_step = [&](std::vector<torch::Tensor> parameters) {
    torch::NoGradGuard no_grad;
    tied->weight.fill_(1);
    tied->weight.mutable_grad() = torch::ones({1, 1});
    torch::optim::SGD(std::move(parameters), /*lr=*/0.25).step();
    return tied->weight.item<double>();
  };
  CHECK(weight_after_a_step(tx::parameters(*net)) == 0.75);
  CHECK(weight_after_a_step(net->parameters()) == 0.5);
}

TEST_CASE("a module on the stack has a tree, whose root is not owned and whose other modules are") {
  std::vector<std::shared_ptr<Module>> modules;
  {
    HardImpl net;
    modules = tx::modules(net);
    CHECK(modules.front().get() == &net);
    CHECK(modules.front().use_count() == 0);
  }
  CHECK(modules.at(1)->as<Linear>()->forward(torch::ones({1, 2})).sizes() == torch::IntArrayRef({1, 2}));
}

TEST_CASE("a module in a shared_ptr stays alive in the list of its modules") {
  auto net = std::make_shared<HardImpl>();
  auto modules = tx::modules(*net);
  std::weak_ptr<HardImpl> watched = net;
  net.reset();
  CHECK_FALSE(watched.expired());
  modules.clear();
  CHECK(watched.expired());
}
