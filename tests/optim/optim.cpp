#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/core/error.h"
#include "libtorch_ext/optim/adamw.h"
#include "libtorch_ext/optim/lr_scheduler.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

std::string bits(const std::vector<double>& numbers) {
  std::string text;
  for (double number : numbers) {
    char hex[40];
    std::snprintf(hex, sizeof(hex), "%a ", number);
    text += hex;
  }
  return text;
}

}  // namespace

TEST_CASE("AdamW is Python's, bit for bit, over 100 steps of every option") {
  TORCH_EXT_NEEDS_PYTHON();
  const double weight_decay = GENERATE(0.0, 0.01);
  const bool amsgrad = GENERATE(false, true);
  TempDir dir;
  torch::manual_seed(0);
  const at::Tensor weight = torch::randn({33, 7}).requires_grad_();
  const at::Tensor start = weight.detach().clone();
  tx::AdamW optimizer(std::vector<at::Tensor>{weight},
                      torch::optim::AdamWOptions(3e-3).weight_decay(weight_decay).amsgrad(amsgrad));
  for (int step = 0; step < 100; ++step) {
    optimizer.zero_grad();
    (weight.sin() * weight).sum().backward();
    optimizer.step();
  }
  tx::TensorWriter writer;
  tx::formats::Dict result;
  result.set("start", writer(start));
  result.set("end", writer(weight.detach()));
  result.set("optimizer", tx::optimizer_state_dict(optimizer, writer));
  tx::save(tx::Value(std::move(result)), dir / "adamw.pt");
  run_python(
      "import sys, torch\n"
      "file = torch.load(sys.argv[1], weights_only=True)\n"
      "w = file['start'].clone().requires_grad_()\n"
      "opt = torch.optim.AdamW([w], lr=3e-3, weight_decay=float(sys.argv[2]), amsgrad=sys.argv[3] == '1')\n"
      "for _ in range(100):\n"
      "    opt.zero_grad(); (w.sin() * w).sum().backward(); opt.step()\n"
      "assert torch.equal(w, file['end'])\n"
      "theirs, ours = opt.state_dict(), file['optimizer']\n"
      "assert theirs['param_groups'] == ours['param_groups'], (theirs['param_groups'], ours['param_groups'])\n"
      "assert list(theirs['state'][0]) == list(ours['state'][0])\n"
      "for key, value in theirs['state'][0].items():\n"
      "    assert value.dtype == ours['state'][0][key].dtype and torch.equal(value, ours['state'][0][key]), key\n",
      {dir / "adamw.pt", std::to_string(weight_decay), amsgrad ? "1" : "0"});
}

TEST_CASE("schedules give Python's learning rates, bit for bit, far beyond their end, and Python's state_dict") {
  TORCH_EXT_NEEDS_PYTHON();
  auto weight = torch::zeros({1});
  auto rates = [&](tx::LRScheduler& scheduler, torch::optim::Optimizer& optimizer) {
    std::vector<double> all;
    for (int i = 0; i < 60; ++i) {
      all.push_back(optimizer.param_groups()[0].options().get_lr());
      optimizer.step();
      scheduler.step();
    }
    return bits(all);
  };
  torch::optim::SGD a({weight}, 0.1), b({weight}, 0.3);
  tx::CosineAnnealingLR cosine(a, 7, 1e-3);
  tx::StepLR step(b, 4, 0.3);
  const std::string ours = rates(cosine, a) + rates(step, b);
  CHECK(ours ==
        run_python(
            "import torch\n"
            "from torch.optim.lr_scheduler import *\n"
            "def bits(x):\n"
            "    m, e = x.hex().split('p')\n"
            "    return (m.rstrip('0') if '.' in m else m).rstrip('.') + 'p' + e\n"
            "for lr, make in ((0.1, lambda o: CosineAnnealingLR(o, 7, 1e-3)), (0.3, lambda o: StepLR(o, 4, 0.3))):\n"
            "    o = torch.optim.SGD([torch.zeros(1)], lr=lr); s = make(o)\n"
            "    for _ in range(60):\n"
            "        print(bits(o.param_groups[0]['lr']), end=' '); o.step(); s.step()\n"));

  TempDir dir;
  tx::save(tx::Value(tx::formats::Dict{.items = {{"a", cosine.state_dict()}, {"b", step.state_dict()}}}), dir / "s.pt");
  run_python(
      "import sys, torch, warnings\n"
      "from torch.optim.lr_scheduler import *\n"
      "file = torch.load(sys.argv[1], weights_only=True)\n"
      "cases = ('a', 0.1, lambda o: CosineAnnealingLR(o, 7, 1e-3)), ('b', 0.3, lambda o: StepLR(o, 4, 0.3))\n"
      "for key, lr, make in cases:\n"
      "    o = torch.optim.SGD([torch.zeros(1)], lr=lr); s = make(o)\n"
      "    for _ in range(60): o.step(); s.step()\n"
      "    assert s.state_dict() == file[key], (s.state_dict(), file[key])\n",
      {dir / "s.pt"});
}

TEST_CASE("a schedule goes on from Python's state, under its arguments, and Python from ours") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(
      "import sys, torch\n"
      "from torch.optim.lr_scheduler import *\n"
      "d = {}\n"
      "for key, make in (('a', lambda o: CosineAnnealingLR(o, 7, 1e-3)), ('b', lambda o: StepLR(o, 4, 0.3))):\n"
      "    o = torch.optim.SGD([torch.zeros(1)], lr=1); s = make(o)\n"
      "    for _ in range(5): o.step(); s.step()\n"
      "    d[key] = s.state_dict(); d[key + '_optimizer'] = o.state_dict()\n"
      "    rates = []\n"
      "    for _ in range(20): o.step(); s.step(); rates.append(s.get_last_lr()[0])\n"
      "    d[key + '_rates'] = rates\n"
      "torch.save(d, sys.argv[1])\n",
      {dir / "python.pt"});
  const auto file = tx::load(dir / "python.pt");
  const auto check = [&](const std::string& key, tx::LRScheduler& scheduler, torch::optim::Optimizer& optimizer) {
    tx::load_optimizer_state_dict(optimizer, file.at(key + "_optimizer"));
    scheduler.load_state_dict(file.at(key));
    CHECK(scheduler.base_lrs() == std::vector<double>{1});
    std::vector<double> ours, theirs;
    for (const auto& rate : file.at(key + "_rates").as<tx::formats::List>()->items)
      theirs.push_back(*rate.as<double>());
    for (int i = 0; i < 20; ++i) scheduler.step(), ours.push_back(scheduler.last_lr()[0]);
    CHECK(bits(ours) == bits(theirs));
  };
  torch::optim::SGD a({torch::zeros({1})}, 0.1), b({torch::zeros({1})}, 0.1);
  tx::CosineAnnealingLR cosine(a, 3);
  tx::StepLR step(b, 1);
  check("a", cosine, a);
  check("b", step, b);

  tx::formats::Dict damaged;
  const auto error = [&](const char* key, tx::Value value) {
    damaged.items = {{"gamma", tx::Value(0.9)}, {key, std::move(value)}};
    step.load_state_dict(damaged);
  };
  CHECK_THROWS_WITH(error("step_size", 0), "step_size: found 0, expected an integer from 1 to 2^53");
  CHECK_THROWS_WITH(error("last_epoch", "x"), "last_epoch: found 'x', expected an integer from -2^53 to 2^53");
  CHECK_THROWS_WITH(error("base_lrs", tx::formats::List{}), tx::testing::ContainsSubstring("expected a list of 1"));
  CHECK_THROWS_AS(step.load_state_dict(tx::Value(1)), tx::Error);
  CHECK(step.last_epoch() == 25);
}
