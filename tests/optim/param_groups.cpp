#include "libtorch_ext/optim/param_groups.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/optim/adamw.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::ParamKind;
using tx::testing::ContainsSubstring;

namespace {

using Names = std::vector<std::string>;

// "0": Conv2d, "1": BatchNorm2d, "2": Flatten, "3": Linear, "4": Linear tied to nothing.
tx::Sequential rule_net() {
  return tx::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 3)), torch::nn::BatchNorm2d(2),
                        torch::nn::Flatten(), torch::nn::Linear(8, 4), torch::nn::Linear(4, 3));
}

struct FancyOptions : torch::optim::OptimizerCloneableOptions<FancyOptions> {
  double lr = 1, weight_decay = 0.5;
  double get_lr() const override { return lr; }
  void set_lr(const double value) override { lr = value; }
};

struct TiedImpl : torch::nn::Module {
  TiedImpl() {
    encoder = register_module("encoder", torch::nn::Linear(3, 3));
    decoder = register_module("decoder", std::make_shared<torch::nn::Module>());
    decoder->register_parameter("weight", encoder->weight);
    decoder->register_parameter("bias", torch::zeros({3}));
  }
  torch::nn::Linear encoder{nullptr};
  std::shared_ptr<torch::nn::Module> decoder;
};

}  // namespace

TEST_CASE("parameters go into groups by name and kind, each setting from the first rule that has it") {
  auto net = rule_net();
  const auto plan = tx::plan_param_groups(*net, {{.match = "4.*", .lr_scale = 10},
                                                 {.match = "3.*", .lr = 0.5},
                                                 {.match = "3.*", .lr_scale = 7},  // the first one wins
                                                 {.kind = ParamKind::kVector, .weight_decay = 0},
                                                 {.match = "0.bias", .freeze = false},
                                                 {.match = "0.*", .freeze = true}});
  CHECK(plan.frozen == Names{"0.weight"});
  CHECK(!net->named_parameters()["0.weight"].requires_grad());
  REQUIRE(plan.groups.size() == 5);
  CHECK(tx::param_names(plan.groups) ==
        std::vector<Names>{{"0.bias", "1.weight", "1.bias"}, {"3.weight"}, {"3.bias"}, {"4.weight"}, {"4.bias"}});
  CHECK(plan.groups[1].lr == 0.5);
  CHECK(plan.groups[1].lr_scale == 1);
  CHECK(plan.groups[3].lr_scale == 10);
  CHECK(!plan.groups[3].weight_decay);
  CHECK(plan.groups[4].weight_decay == 0);

  const auto norm = tx::plan_param_groups(*rule_net(), {{.kind = ParamKind::kNorm, .weight_decay = 0}});
  CHECK(tx::param_names(norm.groups) ==
        std::vector<Names>{{"0.weight", "0.bias", "3.weight", "3.bias", "4.weight", "4.bias"}, {"1.weight", "1.bias"}});
}

TEST_CASE("a tied weight is in one group only, under its first name") {
  TiedImpl tied;
  const auto plan = tx::plan_param_groups(tied, {{.match = "decoder.*", .lr_scale = 2}});
  CHECK(tx::param_names(plan.groups) == std::vector<Names>{{"encoder.weight", "encoder.bias"}, {"decoder.bias"}});
}

TEST_CASE("layers learn the slower the nearer they are to the input") {
  auto net = rule_net();
  auto rules = tx::layer_decay_rules(*net, {.decay = 0.5, .stages = {{"0.*", "1.*"}, {"3.*"}, {"4.*"}}});
  for (auto& rule : tx::no_weight_decay_rules()) rules.push_back(rule);
  const auto plan = tx::plan_param_groups(*net, rules);
  REQUIRE(plan.groups.size() == 6);
  CHECK(plan.groups[0].names == Names{"0.weight"});
  CHECK(plan.groups[0].lr_scale == 0.25);
  CHECK(plan.groups[1].names == Names{"0.bias", "1.weight", "1.bias"});
  CHECK(plan.groups[1].weight_decay == 0);
  CHECK(plan.groups[3].lr_scale == 0.5);
  CHECK(plan.groups[5].lr_scale == 1);

  const auto by_child = tx::plan_param_groups(*net, tx::layer_decay_rules(*net, {.decay = 0.5}));
  REQUIRE(by_child.groups.size() == 4);
  CHECK(by_child.groups[0].lr_scale == 0.125);
}

TEST_CASE("options of any class take a learning rate and a weight decay") {
  const std::vector<tx::PlannedGroup> groups = {{{"a"}, {torch::zeros({1})}, 0.25, 2, 0.125}, {{"b"}, {}, {}, 1, {}}};
  const auto check = [&](const auto& defaults, auto weight_decay) {
    const auto made = tx::make_param_groups(groups, defaults);
    CHECK(made[0].options().get_lr() == 0.5);
    CHECK(made[1].options().get_lr() == defaults.get_lr());
    CHECK(weight_decay(made[0].options()) == 0.125);
    CHECK(weight_decay(made[1].options()) == weight_decay(defaults));
  };
  const auto check_libtorch = [&]<typename Options>(const Options& defaults) {
    const auto decay = [](const torch::optim::OptimizerOptions& options) {
      return static_cast<const Options&>(options).weight_decay();
    };
    check(defaults, decay);
    check(static_cast<const torch::optim::OptimizerOptions&>(defaults), decay);
  };
  check_libtorch(torch::optim::SGDOptions(0.1));
  check_libtorch(torch::optim::AdamOptions(0.1).weight_decay(3));
  check_libtorch(torch::optim::AdamWOptions(0.1));
  check_libtorch(torch::optim::RMSpropOptions(0.1));
  check_libtorch(torch::optim::AdagradOptions(0.1));
  check(FancyOptions(), [](const torch::optim::OptimizerOptions& options) {
    return static_cast<const FancyOptions&>(options).weight_decay;
  });
  CHECK_THROWS_WITH(tx::make_param_groups(groups, torch::optim::LBFGSOptions(1)),
                    ContainsSubstring("expected options that have a weight decay"));
}

TEST_CASE("a rule for no parameter is an error that names the glob and the nearest name, and nothing is frozen") {
  auto net = rule_net();
  const auto plan = [&](const tx::ParamGroupRule& rule) {
    return tx::plan_param_groups(*net, {{.match = "0.*", .freeze = true}, rule});
  };
  CHECK_THROWS_WITH(plan({.match = "3.weigth", .lr_scale = 2}),
                    ContainsSubstring("the rule for \"3.weigth\" applies to no parameter: found \"0.weight\", ") &&
                        ContainsSubstring("did you mean \"3.weight\"?"));
  CHECK_THROWS_WITH(plan({.match = "3.*", .kind = ParamKind::kNorm, .weight_decay = 0}),
                    ContainsSubstring("found \"1.weight\", \"1.bias\" of a normalisation layer"));
  CHECK_THROWS_WITH(plan({.lr = 1, .lr_scale = 2}), ContainsSubstring("both lr and lr_scale"));
  CHECK_THROWS_WITH(plan({.weight_decay = -1}), ContainsSubstring("weight_decay is -1; expected a number from 0"));
  CHECK(net->named_parameters()["0.weight"].requires_grad());
}

TEST_CASE("a training with groups is Python's, bit for bit, and Python loads their names") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  torch::set_num_threads(1);
  torch::manual_seed(1);
  auto net = rule_net();
  const auto input = torch::randn({5, 1, 4, 4});
  tx::TensorWriter writer;
  tx::formats::Dict result;
  const auto clone = [&] {
    tx::formats::Dict state;
    for (const auto& item : tx::state_dict(*net).tensors) state.set(item.key(), writer(item.value().clone()));
    return state;
  };
  result.set("start", clone());
  result.set("input", writer(input));
  const auto plan = tx::plan_param_groups(*net, {{.match = "4.*", .lr_scale = 10},
                                                 {.match = "0.weight", .freeze = true},
                                                 {.kind = ParamKind::kVector, .weight_decay = 0}});
  torch::optim::AdamWOptions options(1e-3);
  tx::AdamW optimizer(tx::make_param_groups(plan.groups, options), options);
  for (int i = 0; i < 5; ++i) {
    optimizer.zero_grad();
    net->forward(input).square().sum().backward();
    optimizer.step();
  }
  result.set("end", clone());
  result.set("optimizer", tx::optimizer_state_dict(optimizer, writer, {.param_names = tx::param_names(plan.groups)}));
  tx::save(tx::Value(std::move(result)), dir / "groups.pt");
  tx::testing::run_python(
      "import sys, torch\n"
      "from torch import nn\n"
      "torch.set_num_threads(1)\n"
      "file = torch.load(sys.argv[1], weights_only=True)\n"
      "net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 4), nn.Linear(4, 3))\n"
      "net.load_state_dict(file['start'])\n"
      "net[0].weight.requires_grad_(False)\n"
      "groups = {}\n"
      "for n, p in net.named_parameters():\n"
      "    if p.requires_grad:\n"
      "        key = (1e-2 if n.startswith('4') else 1e-3, 0. if p.ndim < 2 else 1e-2)\n"
      "        groups.setdefault(key, []).append((n, p))\n"
      "opt = torch.optim.AdamW([dict(params=g, lr=k[0], weight_decay=k[1]) for k, g in groups.items()])\n"
      "for _ in range(5):\n"
      "    opt.zero_grad(); net(file['input']).square().sum().backward(); opt.step()\n"
      "for k, v in net.state_dict().items(): assert torch.equal(v, file['end'][k]), k\n"
      "assert opt.state_dict()['param_groups'] == file['optimizer']['param_groups'], (opt.state_dict(), file)\n"
      "opt.load_state_dict(file['optimizer'])\n",
      {dir / "groups.pt"});
}
