#include "libtorch_ext/inspect/summary.h"

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include <sstream>

#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/count.h"
#include "tests/support/python.h"
#include "tests/support/zoo.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

namespace {

// Macs of every module that has some, by its path, from flop_counter; then the number of parameters.
const std::string kFlopCounter = R"(
import sys, torch, torchvision
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
def show(model, *inputs):
    counter = FlopCounterMode(display=False)
    # The counter knows neither the CPU's attention kernel nor the one of a module without gradients, but their parts.
    with counter, sdpa_kernel(SDPBackend.MATH): model(*inputs)
    counts = counter.get_flop_counts()
    for name, _ in model.named_modules():
        macs = sum(counts.get(type(model).__name__ + ('.' + name if name else ''), {}).values()) // 2
        if macs: print(name, macs)
    print(sum(p.numel() for p in model.parameters()))
)";

std::string macs(const tx::Summary& summary) {
  std::ostringstream text;
  for (const auto& row : summary.modules) {
    if (row.macs) text << row.path << ' ' << row.macs << '\n';
  }
  text << summary.parameters << '\n';
  return text.str();
}

struct ResidualImpl : torch::nn::Module {
  ResidualImpl() { register_module("fc", fc); }
  torch::Tensor forward(const torch::Tensor& x) { return fc(x).flatten(); }
  torch::nn::Linear fc{4, 6};
};
TORCH_MODULE(Residual);

}  // namespace

TEST_CASE("macs and parameters are flop_counter's, of every module of the models of the zoo", "[counts]") {
  TORCH_EXT_NEEDS_PYTHON();
  auto names = tx::testing::torchvision_names();
  // Those take long.
  std::erase_if(names, [](const std::string& name) { return name.starts_with("vit_l") || name.starts_with("vit_h"); });
  std::istringstream theirs(tx::testing::run_python(kFlopCounter + R"(
for name in sys.argv[1:]:
    model = torchvision.models.get_model(name).eval()
    show(model, torch.zeros(1, 3, *([224, 224] if name.startswith("vit") else [64, 64])))
    print(end='\x1e')
)",
                                                    names));
  tx::testing::Count count("models whose MACs and parameters are FlopCounterMode's, module by module");
  for (const std::string& name : names) {
    INFO(name);
    const auto model = tx::create_model(name);
    model.ptr()->eval();
    const int64_t side = name.starts_with("vit") ? 224 : 64;
    std::string expected;
    std::getline(theirs, expected, '\x1e');
    const std::string ours = macs(tx::summary(model, torch::zeros({1, 3, side, side})));
    CHECK(ours == expected);
    count(ours == expected);
  }
}

TEST_CASE("ResNet-50 has 25,557,032 parameters and 4,089,184,256 macs") {
  const auto summary = tx::summary(tx::create_model("resnet50"), torch::zeros({1, 3, 224, 224}));
  CHECK(summary.parameters == 25557032);
  CHECK(summary.macs == 4089184256);
}

TEST_CASE("macs of products, convolutions, attention and recurrent layers are flop_counter's") {
  TORCH_EXT_NEEDS_PYTHON();
  std::string ours;
  torch::nn::TransformerEncoderLayer encoder(torch::nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16));
  const auto sequence = torch::zeros({3, 2, 8});
  ours += macs(tx::summary(*encoder, {sequence}, [&] { return std::vector{encoder->forward(sequence)}; }));
  tx::Sequential net(torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 6, 3).groups(2).stride(2).padding(1).dilation(2)),
                     torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(6, 4, 3).stride(2)),
                     torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 4, 3).padding(torch::kSame)),
                     torch::nn::Flatten(torch::nn::FlattenOptions().start_dim(2)), torch::nn::Linear(361, 5));
  ours += macs(tx::summary(net, torch::zeros({2, 4, 19, 19})));
  CHECK(ours == tx::testing::run_python(kFlopCounter + R"(
show(nn.TransformerEncoderLayer(8, 2, 16), torch.zeros(3, 2, 8))
show(nn.Sequential(nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), nn.ConvTranspose2d(6, 4, 3, stride=2),
                   nn.Conv2d(4, 4, 3, padding='same'), nn.Flatten(2), nn.Linear(361, 5)), torch.zeros(2, 4, 19, 19))
)",
                                        {}));
}

TEST_CASE("shapes of containers are those of their calls, and shared modules and weights count once") {
  torch::nn::Linear shared(4, 4);
  tx::Sequential net({{"body", tx::Sequential(shared, torch::nn::ReLU(), shared)}, {"head", Residual()}});
  shared->bias.set_requires_grad(false);
  const auto summary = tx::summary(net, torch::zeros({2, 4}));
  std::vector<std::string> paths;
  for (const auto& row : summary.modules) paths.push_back(row.path);
  CHECK(paths == std::vector<std::string>{"", "body", "body.0", "body.1", "head", "head.fc"});
  using Shapes = std::vector<std::vector<int64_t>>;
  CHECK(summary.modules[0].outputs == Shapes{{12}});
  CHECK(summary.modules[1].inputs == Shapes{{2, 4}});
  CHECK(summary.modules[4].outputs == Shapes{{12}});  // not its last child's [2, 6]
  CHECK(summary.modules[5].outputs == Shapes{{2, 6}});
  CHECK(summary.modules[2].calls == 2);
  CHECK(summary.modules[2].macs == 2 * 2 * 16);
  CHECK(summary.parameters == 20 + 30);
  CHECK(summary.trainable_parameters == 16 + 30);
  CHECK(summary.state_bytes == 50 * 4);
  CHECK(summary.input_bytes == 32);
  CHECK(summary.activation_bytes == 4 * (8 + 8 + 8 + 12 + 12));
  CHECK(summary.training_bytes == 32 + 200 + 2 * 192 + 46 * 4);
}

TEST_CASE("a summary prints as a tree in Unicode or ASCII, and as JSON") {
  tx::Sequential net(
      {{"a", tx::Sequential(torch::nn::Linear(2, 3), torch::nn::ReLU())}, {"b", torch::nn::Linear(3, 1)}});
  const auto summary = tx::summary(net, torch::zeros({5, 2}));
  CHECK_THAT(tx::to_text(summary), Catch::Matchers::StartsWith("Module             Input   Output  Parameters  MACs\n"
                                                               "Sequential         [5, 2]  [5, 1]          13    45\n"
                                                               "├─ a (Sequential)  [5, 2]  [5, 3]           9    30\n"
                                                               "│  ├─ 0 (Linear)   [5, 2]  [5, 3]           9    30\n"
                                                               "│  └─ 1 (ReLU)     [5, 3]  [5, 3]\n"
                                                               "└─ b (Linear)      [5, 3]  [5, 1]           4    15\n"
                                                               "\n"
                                                               "Parameters: 13 (trainable: 13)\n"
                                                               "MACs: 45\n"));
  CHECK_THAT(tx::to_text(summary, {.ascii = true, .max_depth = 1}),
             ContainsSubstring("\n|- a (Sequential)  [5, 2]") && ContainsSubstring("\n`- b (Linear)"));
  const auto json = tx::to_json(summary);
  CHECK(json["macs"] == 45);
  CHECK(json["modules"][2]["path"] == "a.0");
  CHECK(json["modules"][2]["inputs"] == nlohmann::json{{5, 2}});
}

TEST_CASE("an input that doesn't fit is an error that names the module, its input and what was expected") {
  const auto model = tx::create_model("resnet18");
  CHECK_THROWS_WITH(
      tx::summary(model, torch::zeros({1, 4, 32, 32})),
      ContainsSubstring("forward of \"conv1\" (Conv2d) failed for input [1, 4, 32, 32]") &&
          ContainsSubstring("expected input[1, 4, 32, 32] to have 3 channels, but got 4 channels instead"));
  CHECK_NOTHROW(tx::summary(model, torch::zeros({2, 3, 32, 32})));
}
