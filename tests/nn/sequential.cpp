#include "libtorch_ext/nn/sequential.h"

#include <torch/torch.h>

#include <string>
#include <vector>

#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace tx = torch_ext;
using namespace torch::nn;
using tx::testing::ContainsSubstring;

namespace {

std::vector<std::string> keys(const Module& module) {
  std::vector<std::string> keys;
  for (const auto& entry : tx::state_entries(module)) keys.push_back(entry.name);
  return keys;
}

}  // namespace

TEST_CASE("a Sequential nests in itself and in LibTorch's, and LibTorch's nests in it") {
  const auto input = torch::randn({4, 2});
  Linear fc(2, 3);
  const auto expected = torch::relu(torch::sigmoid(fc(input)));

  CHECK(tx::Sequential(fc, tx::Sequential(Sigmoid(), ReLU()))->forward(input).equal(expected));
  CHECK(Sequential(fc, tx::Sequential(Sigmoid(), ReLU()))->forward(input).equal(expected));
  CHECK(tx::Sequential(fc, Sequential(Sigmoid(), ReLU()))->forward(input).equal(expected));
}

TEST_CASE("a Sequential without modules returns its input") {
  const auto input = torch::randn({4, 2});
  CHECK(tx::Sequential()->forward(input).is_same(input));
}

TEST_CASE("a layer whose forward has further arguments with defaults stands in a Sequential") {
  tx::Sequential net(ConvTranspose2d(ConvTranspose2dOptions(1, 1, 2)), MaxPool2d(2));
  CHECK(net->forward(torch::ones({1, 1, 3, 3})).sizes() == torch::IntArrayRef({1, 1, 2, 2}));
}

TEST_CASE("state_dict keys are Python's: indices, or the names given") {
  CHECK(keys(*tx::Sequential(Linear(2, 2), ReLU(), tx::Sequential(Linear(2, 2)))) ==
        std::vector<std::string>{"0.weight", "0.bias", "2.0.weight", "2.0.bias"});
  CHECK(keys(*tx::Sequential({{"fc", Linear(2, 2)}, {"act", ReLU()}})) ==
        std::vector<std::string>{"fc.weight", "fc.bias"});
  CHECK(keys(*tx::Sequential({{"only", Linear(2, 2)}})) == std::vector<std::string>{"only.weight", "only.bias"});
}

TEST_CASE("one Sequential alone inside another is given by name") {
  auto inner = tx::Sequential(ReLU());
  CHECK(tx::repr(*tx::Sequential({{"0", inner}})) == "Sequential(\n  (0): Sequential(\n    (0): ReLU()\n  )\n)");
}

TEST_CASE("a module is found by index, from either end, and by name") {
  Linear fc(2, 2);
  ReLU act;
  tx::Sequential net({{"fc", fc}, {"act", act}});
  CHECK(net->size() == 2);
  CHECK(net[0] == fc.ptr());
  CHECK(net[-1] == act.ptr());
  CHECK(net["act"] == act.ptr());
  CHECK_THROWS_WITH(net[2], ContainsSubstring("Sequential: index 2 is out of range for 2 modules"));
  CHECK_THROWS_AS(net[-3], c10::IndexError);
  CHECK_THROWS_WITH(net["bn"], ContainsSubstring("'bn' is not defined"));
}

TEST_CASE("a push_back that throws leaves the Sequential as it was") {
  tx::Sequential net({{"fc", Linear(2, 2)}});
  CHECK_THROWS_WITH(net->push_back("fc", ReLU()), ContainsSubstring("'fc' already defined"));
  CHECK_THROWS_WITH(net->push_back("a.b", ReLU()), ContainsSubstring("must not contain a dot"));
  CHECK_THROWS_WITH(net->push_back("gone", std::shared_ptr<ReLUImpl>()), ContainsSubstring("module 'gone' is null"));
  CHECK(net->size() == 1);
  CHECK(net->children().size() == 1);
}

TEST_CASE("a clone has its own weights, the same names and the same modes") {
  tx::Sequential net({{"fc", Linear(2, 2)}, {"drop", Dropout()}, {"inner", tx::Sequential(Linear(2, 2))}});
  net["drop"]->eval();
  auto copy = std::dynamic_pointer_cast<tx::SequentialImpl>(net->clone());
  const auto input = torch::randn({4, 2});

  CHECK(keys(*copy) == keys(*net));
  CHECK_FALSE((*copy)["drop"]->is_training());
  CHECK(copy->is_training());
  CHECK(copy->forward(input).equal(net->forward(input)));
  torch::NoGradGuard no_grad;
  for (auto& parameter : tx::parameters(*copy)) parameter.zero_();
  CHECK(copy->forward(input).count_nonzero().item<int64_t>() == 0);
  CHECK(net->forward(input).count_nonzero().item<int64_t>() > 0);
}

TEST_CASE("a module that stands twice in a Sequential stands twice in its clone") {
  Linear fc(2, 2);
  auto copy = tx::Sequential(fc, ReLU(), fc)->clone();
  CHECK(tx::parameters(*copy).size() == 2);
}

TEST_CASE("a module of the user's that holds a Sequential can be cloned") {
  struct NetImpl : Cloneable<NetImpl> {
    NetImpl() { reset(); }
    void reset() override { body = register_module("body", tx::Sequential(Linear(2, 2), ReLU())); }
    tx::Sequential body = nullptr;
  };
  NetImpl net;
  auto copy = std::dynamic_pointer_cast<NetImpl>(net.clone());
  const auto input = torch::randn({4, 2});
  CHECK(copy->body->forward(input).equal(net.body->forward(input)));
  CHECK_FALSE(tx::parameters(*copy)[0].is_same(tx::parameters(net)[0]));
}

TEST_CASE("to() changes every module of a Sequential") {
  tx::Sequential net(Linear(2, 2), tx::Sequential(Linear(2, 2)));
  net->to(torch::kDouble);
  CHECK(net->forward(torch::ones({1, 2}, torch::kDouble)).dtype() == torch::kDouble);
}

TEST_CASE("only what maps a tensor to a tensor converts to a TensorModule") {
  STATIC_REQUIRE(tx::MapsTensorToTensor<LinearImpl>);
  STATIC_REQUIRE(tx::MapsTensorToTensor<SequentialImpl>);
  STATIC_REQUIRE(tx::MapsTensorToTensor<tx::SequentialImpl>);
  STATIC_REQUIRE_FALSE(tx::MapsTensorToTensor<BilinearImpl>);  // takes two tensors
  STATIC_REQUIRE_FALSE(tx::MapsTensorToTensor<LSTMImpl>);      // returns a tuple
  STATIC_REQUIRE_FALSE(tx::MapsTensorToTensor<Module>);        // has no forward
}

TEST_CASE("a Sequential is edited as Python's, and forward follows") {
  TORCH_EXT_NEEDS_PYTHON();
  std::string ours;
  const auto show = [&](const tx::Sequential& net) { ours += tx::repr(*net) + "\n"; };
  const auto refuses = [&](auto edit) {
    try {
      edit();
      ours += "done\n";
    } catch (const c10::IndexError&) {
      ours += "IndexError\n";
    }
  };
  tx::Sequential net(Linear(2, 3), ReLU());
  net->append(Tanh()).append(Linear(3, 1));
  show(net);
  net->insert(1, Sigmoid());
  net->insert(5, GELU());
  net->insert(-1, SiLU());
  show(net);
  net->erase(0);
  net->erase(-1);
  show(net);
  net->set(0, Softplus());
  net->set("2", ELU());
  show(net);
  show(tx::Sequential(net->slice(0, 2)));
  show(tx::Sequential(net->slice(-2, 100)));
  show(tx::Sequential(net->slice(3, 1)));
  net->extend(*net->slice(0, 1));
  show(net);
  refuses([&] { net->erase(9); });
  refuses([&] { net->insert(7, ReLU()); });
  refuses([&] { net->set(-7, ReLU()); });
  tx::Sequential named({{"a", ReLU()}, {"b", Tanh()}, {"c", GELU()}});
  named->erase(1);
  show(named);
  show(tx::Sequential(named->slice(1, 2)));
  named->insert(1, SiLU());
  show(named);
  CHECK(ours == tx::testing::run_python(R"(
from torch.nn import *
def refuses(edit):
    try:
        edit()
        print('done')
    except IndexError:
        print('IndexError')
net = Sequential(Linear(2, 3), ReLU())
net.append(Tanh()).append(Linear(3, 1))
print(net)
net.insert(1, Sigmoid())
net.insert(5, GELU())
net.insert(-1, SiLU())
print(net)
del net[0]
del net[-1]
print(net)
net[0] = Softplus()
setattr(net, '2', ELU())
print(net)
print(net[0:2])
print(net[-2:100])
print(net[3:1])
net.extend(net[0:1])
print(net)
refuses(lambda: net.__delitem__(9))
refuses(lambda: net.insert(7, ReLU()))
refuses(lambda: net.__setitem__(-7, ReLU()))
from collections import OrderedDict
named = Sequential(OrderedDict(a=ReLU(), b=Tanh(), c=GELU()))
del named[1]
print(named)
print(named[1:2])
named.insert(1, SiLU())
print(named)
)"));
}

TEST_CASE("edited Sequentials compute with what they show") {
  Linear fc(2, 2);
  tx::Sequential net(fc, ReLU());
  const auto x = torch::ones({1, 2});
  net->insert(0, Tanh());
  CHECK(net->forward(x).equal(torch::relu(fc(torch::tanh(x)))));
  net->set(-1, Sigmoid());
  CHECK(net->forward(x).equal(torch::sigmoid(fc(torch::tanh(x)))));
  CHECK(tx::Sequential(net->slice(0, 2))->forward(x).equal(fc(torch::tanh(x))));
  net->erase(0);
  CHECK(net->forward(x).equal(torch::sigmoid(fc(x))));
  CHECK(keys(*net) == std::vector<std::string>{"0.weight", "0.bias"});
  CHECK_THROWS_WITH(net->insert(0, std::shared_ptr<ReLUImpl>()), ContainsSubstring("is null"));
  CHECK(net->size() == 2);
}
