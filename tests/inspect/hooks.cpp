#include "libtorch_ext/inspect/hooks.h"

#include <torch/torch.h>

#include <sstream>

#include "libtorch_ext/inspect/activation_stats.h"
#include "libtorch_ext/inspect/features.h"
#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/profile.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/count.h"
#include "tests/support/python.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

namespace {

// Every call that ends, in its order: path, class, shapes of inputs and outputs.
const std::string kPythonCalls = R"(
import sys, torch, torchvision
def shapes(value):
    if isinstance(value, torch.Tensor): return [list(value.shape)]
    return [shape for item in value for shape in shapes(item)] if isinstance(value, (tuple, list)) else []
def watch(model, run):
    def hook(name):
        return lambda module, given, result: print(name, type(module).__name__, shapes(given), '->', shapes(result))
    for name, module in model.named_modules(): module.register_forward_hook(hook(name))
    with torch.no_grad(): run(model)
)";

tx::Observation watch(const torch::nn::Module& model, std::ostream& calls) {
  const auto hook = [&calls](tx::HookedCall& call) {
    const auto shapes = [&calls](const std::vector<at::Tensor>& tensors) {
      calls << '[';
      for (const at::Tensor& tensor : tensors) calls << (&tensor == tensors.data() ? "" : ", ") << tensor.sizes();
      calls << ']';
    };
    calls << call.name << ' ' << tx::class_name(call.module) << ' ';
    shapes(call.inputs);
    calls << " -> ";
    shapes(call.outputs);
    calls << '\n';
  };
  return tx::register_forward_hook(model, "*", hook);
}

struct OwnBlockImpl : torch::nn::Module {
  OwnBlockImpl() { register_module("fc", fc); }
  torch::Tensor forward(const torch::Tensor& x) { return fc(x) + x; }
  torch::nn::Linear fc{4, 4};
};
TORCH_MODULE(OwnBlock);

}  // namespace

TEST_CASE("hooks see every call that Python's see: names, classes, shapes and order", "[counts]") {
  TORCH_EXT_NEEDS_PYTHON();
  for (const std::string name : {"resnet50", "vgg11_bn", "alexnet"}) {
    INFO(name);
    const auto model = tx::create_model(name);
    model.ptr()->eval();
    std::ostringstream calls;
    const auto hooks = watch(*model.ptr(), calls);
    const torch::NoGradGuard no_grad;
    model.forward(torch::zeros({2, 3, 64, 64}));
    const std::string script =
        kPythonCalls +
        "watch(torchvision.models.get_model(sys.argv[1]).eval(), lambda model: model(torch.zeros(2, 3, 64, 64)))";
    const std::string expected = tx::testing::run_python(script, {name});
    CHECK(calls.str() == expected);
    {
      tx::testing::Count count("hook calls that are Python's on " + name);
      std::istringstream ours(calls.str()), theirs(expected);
      for (std::string our_call, their_call; std::getline(theirs, their_call);) {
        std::getline(ours, our_call);
        count(our_call == their_call);
      }
    }
    if (name != "resnet50") continue;
    int64_t leaf_calls = 0;
    const auto count = tx::register_forward_hook(
        *model.ptr(), "*", [&](tx::HookedCall& call) { leaf_calls += call.module.children().empty(); });
    model.forward(torch::zeros({1, 3, 64, 64}));
    CHECK(leaf_calls == 158);
  }
}

TEST_CASE("hooks see calls that LibTorch makes itself, and results of several tensors") {
  TORCH_EXT_NEEDS_PYTHON();
  const torch::NoGradGuard no_grad;
  std::ostringstream calls;
  {
    torch::nn::TransformerEncoderLayer layer(torch::nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16));
    const auto hooks = watch(*layer, calls);
    layer->train();
    layer->forward(torch::zeros({3, 2, 8}));
    torch::nn::LSTM lstm(torch::nn::LSTMOptions(4, 5).num_layers(2));
    const auto lstm_hooks = watch(*lstm, calls);
    lstm->forward(torch::zeros({3, 2, 4}));
    torch::nn::Sequential net(torch::nn::BatchNorm1d(4), torch::nn::InstanceNorm1d(4), torch::nn::ConstantPad1d(1, 0.),
                              torch::nn::ConvTranspose1d(4, 2, 3), torch::nn::Dropout(0.));
    const auto net_hooks = watch(*net, calls);
    net->forward(torch::ones({2, 4, 6}));
  }
  torch::nn::Linear(1, 1)->forward(torch::ones({1, 1}));  // after their end: unseen
  CHECK(calls.str() == tx::testing::run_python(kPythonCalls + R"(
from torch import nn
class Attention(nn.MultiheadAttention):  # LibTorch's encoder layer asks for the weights, too
    def forward(self, *args, need_weights, **kwargs): return super().forward(*args, need_weights=True, **kwargs)
Attention.__name__ = 'MultiheadAttention'
layer = nn.TransformerEncoderLayer(8, 2, 16)
layer.self_attn = Attention(8, 2)
watch(layer, lambda m: m(torch.zeros(3, 2, 8)))
watch(nn.LSTM(4, 5, 2), lambda m: m(torch.zeros(3, 2, 4)))
watch(nn.Sequential(nn.BatchNorm1d(4), nn.InstanceNorm1d(4), nn.ConstantPad1d(1, 0.), nn.ConvTranspose1d(4, 2, 3),
                    nn.Dropout(0.)), lambda m: m(torch.ones(2, 4, 6)))
)",
                                               {}));
}

TEST_CASE("a hook replaces inputs and outputs, sees each call once, and ends with its handle") {
  tx::Sequential inner({{"fc", torch::nn::Linear(4, 4)}});
  tx::Sequential net({{"inner", inner}, {"own", OwnBlock()}});
  const torch::NoGradGuard no_grad;
  const auto x = torch::ones({1, 4});
  const auto plain = net->forward(x);

  int64_t calls = 0;
  auto count = tx::register_forward_hook(*net, "*", [&](tx::HookedCall&) { ++calls; });
  CHECK(net->forward(x).equal(plain));
  CHECK(calls == 5);  // net, inner, inner.fc, own, own.fc
  count.end();
  net->forward(x);
  CHECK(calls == 5);
  {
    const auto pre =
        tx::register_forward_pre_hook(*net, "own", [](tx::HookedCall& call) { call.inputs[0] = -call.inputs[0]; });
    const auto post =
        tx::register_forward_hook(*net, "", [](tx::HookedCall& call) { call.outputs[0] = call.outputs[0] + 1; });
    const auto expected = tx::get_submodule(*net, "own")->as<OwnBlockImpl>()->forward(-inner->forward(x)) + 1;
    CHECK(net->forward(x).equal(expected));
  }
  CHECK(net->forward(x).equal(plain));
}

TEST_CASE("an exception in forward leaves hooks in order, and a glob without a match is an error") {
  tx::Sequential net({{"a", torch::nn::Linear(2, 2)}, {"b", torch::nn::Linear(3, 3)}});
  std::vector<std::string> seen;
  const auto hook = tx::register_forward_pre_hook(*net, "*", [&](tx::HookedCall& call) { seen.push_back(call.name); });
  CHECK_THROWS(net->forward(torch::ones({1, 2})));
  CHECK_THROWS(net->forward(torch::ones({1, 2})));
  CHECK(seen == std::vector<std::string>{"", "a", "b", "", "a", "b"});
  CHECK_THROWS_WITH(tx::register_forward_hook(*net, "c*", [](tx::HookedCall&) {}), ContainsSubstring("\"c*\""));
}

TEST_CASE("features are the outputs of layers in the middle, repeated calls numbered as torchvision's") {
  const auto model = tx::create_model("resnet18");
  model.ptr()->eval();
  const torch::NoGradGuard no_grad;
  const auto maps = tx::features(model, torch::ones({1, 3, 64, 64}), {"layer1", "layer4.1.relu", "avgpool", "layer?"});
  std::vector<std::string> names = maps.keys();
  CHECK(names == std::vector<std::string>{"layer1", "layer2", "layer3", "layer4.1.relu", "layer4.1.relu_1", "layer4",
                                          "avgpool"});
  CHECK(maps["layer1"].sizes() == at::IntArrayRef{1, 64, 16, 16});
  CHECK(maps["avgpool"].equal(maps["layer4"].mean({2, 3}, true)));

  tx::Sequential net({{"own", OwnBlock()}});
  CHECK(tx::features(net, torch::ones({1, 4}), {"own"})["own"].sizes() == at::IntArrayRef{1, 4});
  CHECK_THROWS_WITH(tx::features(model, torch::ones({1, 3, 64, 64}), {"layer9"}), ContainsSubstring("layer9"));
  struct OuterImpl : torch::nn::Module {
    OuterImpl() { register_module("block", block); }
    torch::Tensor forward(const torch::Tensor& x) { return block(x); }
    OwnBlock block;
  };
  CHECK_THROWS_WITH(tx::features(std::make_shared<OuterImpl>(), torch::ones({1, 4}), {"block"}),
                    ContainsSubstring("no call of module \"block\" (OwnBlock)"));
}

TEST_CASE("activation statistics are those of the outputs, and the first layer with a NaN is found") {
  torch::nn::Linear a(2, 2), b(2, 2);
  tx::Sequential net(a, torch::nn::ReLU(), b);
  torch::NoGradGuard no_grad;
  a->weight.copy_(torch::tensor({{1., 0.}, {0., -1.}}));
  a->bias.zero_();
  const auto stats = tx::activation_stats(net, torch::ones({3, 2}));
  REQUIRE(stats.size() == 3);
  CHECK((stats[0].name == "0" && stats[0].min == -1 && stats[0].max == 1 && stats[0].mean == 0 && stats[0].std == 1));
  CHECK((stats[1].class_name == "ReLU" && stats[1].zeros == 0.5 && stats[1].shape == std::vector<int64_t>{3, 2}));

  CHECK_FALSE(tx::find_non_finite(net, torch::ones({3, 2})));
  b->weight[1][1] = std::numeric_limits<double>::quiet_NaN();
  const auto bad = tx::find_non_finite(net, torch::ones({3, 2}));
  REQUIRE(bad);
  CHECK((bad->name == "2" && bad->class_name == "Linear" && bad->nan_count == 3 && !bad->in_input));
  CHECK(bad->bad_tensor == "weight");
  const auto given = tx::find_non_finite(net, torch::full({1, 2}, INFINITY));
  CHECK((given && given->name == "0" && given->in_input));
}

TEST_CASE("a profile tells each module's calls, its own time and the time with its children") {
  const auto model = tx::create_model("resnet18");
  const auto times = tx::profile(model, torch::ones({2, 3, 32, 32}), {.warmup = 0, .repeats = 2});
  double self = 0, whole = 0;
  for (const auto& time : times) {
    self += time.self_ms;
    if (time.name.empty()) whole = time.total_ms;
    if (time.name == "layer1.0.relu") CHECK(time.calls == 2);
  }
  CHECK(std::abs(self - whole) < 1e-6 * whole);
  CHECK_THAT(tx::to_text(times), ContainsSubstring("layer1.0.conv1 (Conv2d)"));
}
