#include "libtorch_ext/nn/init.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

TEST_CASE("initial weights are those of Python's nn.init from the same seed, bit for bit, by layer type") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  torch::set_num_threads(1);
  tx::TensorWriter writer;
  tx::formats::Dict result, filled;
  const auto add = [&](const char* python, const tx::Initializer& initializer) {
    torch::manual_seed(7);
    auto tensor = torch::zeros({24, 8, 3, 3});
    initializer(tensor);
    filled.set(python, writer(tensor));
  };
  namespace init = tx::init;
  add("trunc_normal_(w)", init::trunc_normal());
  add("trunc_normal_(w, 0.1, 0.02, -0.03, 0.2)", init::trunc_normal({.mean = 0.1, .std = 0.02, .a = -0.03, .b = 0.2}));
  add("normal_(w, 1, 2)", init::normal(1, 2));
  add("uniform_(w, -1, 2)", init::uniform(-1, 2));
  add("constant_(w, 0.3)", init::constant(0.3));
  add("xavier_uniform_(w, 1.5)", init::xavier_uniform(1.5));
  add("xavier_normal_(w)", init::xavier_normal());
  add("orthogonal_(w, 0.7)", init::orthogonal(0.7));
  add("kaiming_uniform_(w)", init::kaiming_uniform());
  add("kaiming_uniform_(w, 5 ** 0.5)", init::kaiming_uniform({.a = std::sqrt(5.0)}));
  add("kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
      init::kaiming_normal({.mode = torch::kFanOut, .nonlinearity = torch::kReLU}));
  add("dirac_(w)", [](at::Tensor w) { torch::nn::init::dirac_(w); });
  add("sparse_(w.view(24, -1), 0.3)", [](at::Tensor w) { torch::nn::init::sparse_(w.view({24, -1}), 0.3); });
  add("eye_(w.view(24, -1))", [](at::Tensor w) { torch::nn::init::eye_(w.view({24, -1})); });
  result.set("filled", filled);

  auto shared = torch::nn::Linear(4, 4);
  tx::Sequential net(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3)), torch::nn::BatchNorm2d(4),
                     torch::nn::ConvTranspose1d(torch::nn::ConvTranspose1dOptions(4, 2, 3)),
                     tx::Sequential(shared, torch::nn::LayerNorm(torch::nn::LayerNormOptions({4})), shared));
  net->register_module("4", torch::nn::Embedding(torch::nn::EmbeddingOptions(5, 3).padding_idx(1)));
  net->register_module("5", torch::nn::LSTM(3, 2));
  net->register_module("6", torch::nn::Bilinear(2, 3, 4));
  torch::manual_seed(8);
  const int64_t count = tx::initialize(*net, {.linear = init::xavier_uniform(),
                                              .conv = init::kaiming_normal({.mode = torch::kFanOut}),
                                              .bias = init::constant(0.5),
                                              .embedding = init::normal(0, 0.1),
                                              .norm_weight = init::uniform(1, 2),
                                              .recurrent_weight = init::orthogonal(),
                                              .recurrent_bias = init::constant(1)});
  CHECK(count == 8);
  tx::formats::Dict state;
  for (const auto& item : tx::state_dict(*net).tensors) state.set(item.key(), writer(item.value()));
  result.set("net", state);
  tx::save(tx::Value(std::move(result)), dir / "init.pt");
  tx::testing::run_python(
      "import sys, torch\n"
      "from torch import nn\n"
      "from torch.nn.init import *\n"
      "torch.set_num_threads(1)\n"
      "f = torch.load(sys.argv[1], weights_only=True)\n"
      "wrong = []\n"
      "for code, ours in f['filled'].items():\n"
      "    torch.manual_seed(7); w = torch.zeros(24, 8, 3, 3); eval(code)\n"
      "    if not torch.equal(w, ours): wrong.append(code)\n"
      "assert not wrong, wrong\n"
      "def begin(m):\n"
      "    if isinstance(m, (nn.Linear, nn.Bilinear)): xavier_uniform_(m.weight); constant_(m.bias, 0.5)\n"
      "    elif isinstance(m, (nn.Conv2d, nn.ConvTranspose1d)):\n"
      "        kaiming_normal_(m.weight, mode='fan_out'); constant_(m.bias, 0.5)\n"
      "    elif isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)): uniform_(m.weight, 1, 2)\n"
      "    elif isinstance(m, nn.Embedding): normal_(m.weight, 0, 0.1); m.weight.data[1] = 0\n"
      "    elif isinstance(m, nn.LSTM):\n"
      "        for n, p in m.named_parameters(): orthogonal_(p) if n.startswith('weight') else constant_(p, 1)\n"
      "l = nn.Linear(4, 4)\n"
      "net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose1d(4, 2, 3),\n"
      "    nn.Sequential(l, nn.LayerNorm(4), l), nn.Embedding(5, 3, padding_idx=1), nn.LSTM(3, 2), nn.Bilinear(2, 3, "
      "4))\n"
      "torch.manual_seed(8); net.apply(begin)\n"
      "assert list(net.state_dict()) == list(f['net'])\n"
      "for k, v in net.state_dict().items(): assert torch.equal(v, f['net'][k]), k\n",
      {dir / "init.pt"});
  CHECK_THROWS_WITH(tx::trunc_normal_(torch::zeros({1}), {.a = 1, .b = 1}),
                    tx::testing::ContainsSubstring("expected std > 0 and a < b"));
}
