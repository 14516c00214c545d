#include "libtorch_ext/optim/averaged_model.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/optim/update_bn.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

namespace {

tx::Sequential normed_net() {
  return tx::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 3)), torch::nn::BatchNorm2d(2),
                        torch::nn::Flatten(), torch::nn::Linear(8, 3));
}

const char* const kPythonNet =
    "import math, sys, torch\n"
    "from torch import nn\n"
    "from torch.optim.swa_utils import *\n"
    "torch.set_num_threads(1)\n"
    "f = torch.load(sys.argv[1], weights_only=True)\n"
    "def make():\n"
    "    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))\n"
    "    net.load_state_dict(f['start'])\n"
    "    return net\n"
    "def same(ours, theirs, what):\n"
    "    assert list(ours) == list(theirs), (what, list(ours), list(theirs))\n"
    "    for k in ours:\n"
    "        assert ours[k].dtype == theirs[k].dtype and torch.equal(ours[k], theirs[k]), (what, k, ours[k], "
    "theirs[k])\n";

tx::Value copied_state(const torch::nn::Module& module, tx::TensorWriter& writer) {
  auto state = tx::state_dict(module);
  for (auto& item : state.tensors) item.value() = item.value().clone();
  return tx::to_value(state, writer);
}

void train_step(tx::Sequential& net, torch::optim::Optimizer& optimizer, const at::Tensor& input) {
  optimizer.zero_grad();
  net->forward(input).square().sum().backward();
  optimizer.step();
}

}  // namespace

TEST_CASE("averages are those of Python's AveragedModel, in every bit and under its names") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  torch::set_num_threads(1);
  torch::manual_seed(4);
  auto net = normed_net();
  const auto input = torch::randn({6, 1, 4, 4});
  tx::TensorWriter writer;
  tx::formats::Dict result;
  result.set("start", copied_state(*net, writer));
  result.set("input", writer(input));
  using tx::Averaging, tx::DecayWarmup;
  const std::vector<std::pair<const char*, tx::AveragedModelOptions>> kinds = {
      {"swa", {}},
      {"swa buffers", {.use_buffers = true}},
      {"ema", {.averaging = Averaging::kEma, .decay = 0.9}},
      {"ema buffers", {.averaging = Averaging::kEma, .decay = 0.7, .use_buffers = true}},
      {"power", {.averaging = Averaging::kEma, .decay = 0.6, .decay_warmup = DecayWarmup::kPower}},
      {"exponential",
       {.averaging = Averaging::kEma, .decay = 0.9, .decay_warmup = DecayWarmup::kExponential, .warmup = 3}}};
  std::vector<std::unique_ptr<tx::AveragedModel>> averages;
  for (const auto& [name, options] : kinds) averages.push_back(std::make_unique<tx::AveragedModel>(*net, options));
  torch::optim::SGD optimizer(net->parameters(), 0.003);
  for (int i = 0; i < 7; ++i) {
    train_step(net, optimizer, input);
    for (auto& average : averages) average->update_parameters(*net);
  }
  tx::formats::Dict ends;
  for (size_t i = 0; i < kinds.size(); ++i) ends.set(kinds[i].first, copied_state(*averages[i], writer));
  result.set("ends", ends);

  // BatchNorm's statistics anew.
  const std::vector<at::Tensor> batches = {input, input * 2, input.slice(0, 0, 3) - 1};
  averages[0]->copy_to(*net);
  net->eval();
  tx::update_bn(batches, net);
  CHECK(!net->is_training());
  CHECK(net[1]->as<torch::nn::BatchNorm2d>()->options.momentum() == 0.1);
  result.set("bn", copied_state(*net, writer));
  tx::save(tx::Value(std::move(result)), dir / "averages.pt");

  tx::testing::run_python(
      std::string(kPythonNet) +
          "net = make(); x = f['input']\n"
          "def warm(fn):\n"
          "    return lambda e, p, n: get_ema_multi_avg_fn(fn(int(n)))(e, p, n)\n"
          "models = {\n"
          "    'swa': AveragedModel(net), 'swa buffers': AveragedModel(net, use_buffers=True),\n"
          "    'ema': AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9)),\n"
          "    'ema buffers': AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.7), use_buffers=True),\n"
          "    'power': AveragedModel(net, multi_avg_fn=warm(lambda n: min(0.6, 1 - (1 + n / 1) ** -(2 / 3)))),\n"
          "    'exponential': AveragedModel(net, multi_avg_fn=warm(lambda n: 0.9 * (1 - math.exp(-n / 3))))}\n"
          "opt = torch.optim.SGD(net.parameters(), lr=0.003)\n"
          "for _ in range(7):\n"
          "    opt.zero_grad(); net(x).square().sum().backward(); opt.step()\n"
          "    for m in models.values(): m.update_parameters(net)\n"
          "for k, m in models.items():\n"
          "    same(f['ends'][k], m.state_dict(), k)\n"
          "    m.load_state_dict(f['ends'][k])\n"
          "net = models['swa'].module.eval()\n"
          "update_bn([x, x * 2, x[:3] - 1], net)\n"
          "same(f['bn'], net.state_dict(), 'bn')\n",
      {dir / "averages.pt"});
}

TEST_CASE("averages go on from Python's file, and the model computes with them until the block ends") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  auto net = normed_net();
  tx::TensorWriter writer;
  tx::save(tx::Value(tx::formats::Dict{.items = {{"start", copied_state(*net, writer)}}}), dir / "start.pt");
  tx::testing::run_python(std::string(kPythonNet) +
                              "m = AveragedModel(make())\n"
                              "for _ in range(3): m.update_parameters(m.module)\n"
                              "nn.init.constant_(m.module[3].weight, 2.)\n"
                              "m.module[1].running_mean.fill_(5.)\n"
                              "torch.save(m.state_dict(), sys.argv[2])\n",
                          {dir / "start.pt", dir / "averaged.pt"});
  tx::AveragedModel averaged(*net, {.averaging = tx::Averaging::kEma});
  tx::load_state_dict(averaged, tx::load(dir / "averaged.pt"));
  CHECK(averaged.n_averaged() == 3);

  auto weight = net[3]->as<torch::nn::Linear>()->weight;
  const auto before = weight.detach().clone();
  auto& mean = net[1]->as<torch::nn::BatchNorm2d>()->running_mean;
  {
    tx::AveragedWeights guard(averaged, *net);
    CHECK(torch::equal(weight, torch::full({3, 8}, 2.0)));
    CHECK(torch::equal(mean, torch::full({2}, 5.0)));
  }
  CHECK(torch::equal(weight, before));
  CHECK(torch::equal(mean, torch::zeros({2})));
  averaged.copy_to(*net);
  CHECK(torch::equal(weight, torch::full({3, 8}, 2.0)));
}

TEST_CASE("AveragedModel keeps tied weights tied, takes modules that can't be cloned, and names misfits") {
  struct Tied : torch::nn::Module {  // not Cloneable
    Tied() {
      a = register_module("a", torch::nn::Linear(2, 2));
      register_module("b", std::make_shared<torch::nn::Module>())->register_parameter("weight", a->weight);
      register_module("c", a.ptr());
    }
    torch::nn::Linear a{nullptr};
  } tied;
  torch::manual_seed(9);
  tx::AveragedModel averaged(tied, {.averaging = tx::Averaging::kEma, .decay = 0.5});
  const auto next = torch::rand({1});
  torch::manual_seed(9);
  CHECK(torch::equal(next, torch::rand({1})));  // copying draws nothing
  CHECK(tx::parameters(averaged).size() == 2);
  CHECK(tx::state_dict(averaged).tensors.keys() == std::vector<std::string>{"n_averaged", "module.a.weight",
                                                                            "module.a.bias", "module.b.weight",
                                                                            "module.c.weight", "module.c.bias"});
  averaged.update_parameters(tied);
  const auto before = tied.a->weight.detach().clone();
  {
    torch::NoGradGuard no_grad;
    tied.a->weight.add_(2);
  }
  averaged.update_parameters(tied);
  CHECK(torch::allclose(tx::state_dict(averaged).tensors["module.c.weight"], before + 1));

  torch::nn::Linear other(2, 3);
  CHECK_THROWS_WITH(averaged.update_parameters(*other),
                    ContainsSubstring("found parameters 0 of shape [3, 2], expected [2, 2]"));
  torch::nn::Linear fewer(torch::nn::LinearOptions(2, 2).bias(false));
  CHECK_THROWS_WITH(averaged.swap(*fewer), ContainsSubstring("found a model of 1 parameters, expected 2"));
  CHECK_THROWS_WITH(tx::AveragedModel(tied, {.decay = 2}), ContainsSubstring("found decay = 2, expected a number"));
}
