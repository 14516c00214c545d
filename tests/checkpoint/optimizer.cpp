#include "libtorch_ext/checkpoint/optimizer.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/optim/adamw.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

// Steps an optimizer over `parameters` with made-up gradients.
void steps(torch::optim::Optimizer& optimizer, std::vector<at::Tensor>& parameters, int count) {
  for (int i = 0; i < count; ++i) {
    for (auto& parameter : parameters) parameter.mutable_grad() = parameter.detach().cos();
    optimizer.step();
  }
}

std::vector<at::Tensor> make_parameters() {
  torch::manual_seed(1);
  return {torch::randn({3, 2}).requires_grad_(), torch::randn({4}).requires_grad_(),
          torch::randn({1}).requires_grad_()};
}

std::unique_ptr<torch::optim::Optimizer> make(const std::string& name, const std::vector<at::Tensor>& parameters) {
  std::vector<torch::optim::OptimizerParamGroup> groups{{{parameters[0], parameters[1]}}, {{parameters[2]}}};
  if (name == "SGD") return std::make_unique<torch::optim::SGD>(groups, torch::optim::SGDOptions(0.1).momentum(0.9));
  return std::make_unique<tx::AdamW>(groups, torch::optim::AdamWOptions(0.01).amsgrad(true));
}

std::string error_of(torch::optim::Optimizer& optimizer, const tx::Value& state) {
  try {
    tx::load_optimizer_state_dict(optimizer, state, "file.pt");
  } catch (const tx::CheckpointError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("an optimizer goes on from its saved state as if it had never stopped, groups and all") {
  const std::string name = GENERATE("SGD", "AdamW");
  auto whole = make_parameters();
  auto optimizer = make(name, whole);
  optimizer->param_groups()[1].options().set_lr(0.5);
  steps(*optimizer, whole, 3);
  tx::TensorWriter writer;
  TempDir dir;
  tx::save(tx::optimizer_state_dict(*optimizer, writer), dir / "optimizer.pt");
  std::vector<at::Tensor> resumed;
  for (const auto& parameter : whole) resumed.push_back(parameter.detach().clone().requires_grad_());
  steps(*optimizer, whole, 3);

  auto fresh = make(name, resumed);
  tx::load_optimizer_state_dict(*fresh, tx::load(dir / "optimizer.pt").root);
  CHECK(fresh->param_groups()[1].options().get_lr() == 0.5);
  steps(*fresh, resumed, 3);
  for (size_t i = 0; i < whole.size(); ++i) CHECK(torch::equal(whole[i], resumed[i]));
}

TEST_CASE("Python loads our state, steps, saves, and we go on with Python's") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string name = GENERATE("SGD", "AdamW");
  auto parameters = make_parameters();
  auto optimizer = make(name, parameters);
  steps(*optimizer, parameters, 3);
  tx::TensorWriter writer;
  TempDir dir;
  tx::formats::Dict file;
  file.set("optimizer", tx::optimizer_state_dict(*optimizer, writer));
  tx::formats::List values;
  for (const auto& parameter : parameters) values.items.emplace_back(writer(parameter.detach()));
  file.set("parameters", std::move(values));
  tx::save(tx::Value(std::move(file)), dir / "cpp.pt");
  run_python(
      "import sys, torch\n"
      "file = torch.load(sys.argv[1], weights_only=True)\n"
      "p = [x.requires_grad_() for x in file['parameters']]\n"
      "opt = getattr(torch.optim, sys.argv[3])([{'params': p[:2]}, {'params': p[2:]}], lr=1)\n"
      "opt.load_state_dict(file['optimizer'])\n"
      "for _ in range(2):\n"
      "    for x in p: x.grad = x.detach().cos()\n"
      "    opt.step()\n"
      "torch.save({'optimizer': opt.state_dict(), 'parameters': [x.detach() for x in p]}, sys.argv[2])\n",
      {dir / "cpp.pt", dir / "python.pt", name});
  steps(*optimizer, parameters, 2);
  const auto back = tx::load(dir / "python.pt");
  const auto& saved = back.at("parameters").as<tx::formats::List>()->items;
  std::vector<at::Tensor> hopped;
  for (size_t i = 0; i < parameters.size(); ++i) {
    hopped.push_back(tx::to_tensor(*saved[i].as<tx::formats::Tensor>()).requires_grad_());
    CHECK(torch::equal(hopped[i], parameters[i]));
  }
  auto fresh = make(name, hopped);
  tx::load_optimizer_state_dict(*fresh, back.at("optimizer"));
  steps(*fresh, hopped, 2);
  steps(*optimizer, parameters, 2);
  for (size_t i = 0; i < parameters.size(); ++i) CHECK(torch::equal(hopped[i], parameters[i]));
}

TEST_CASE("a state that doesn't fit is refused by file and path, and changes nothing") {
  auto parameters = make_parameters();
  auto sgd = make("SGD", parameters);
  auto adamw = make("AdamW", parameters);
  steps(*sgd, parameters, 1);
  tx::TensorWriter writer;
  const tx::Value state = tx::optimizer_state_dict(*sgd, writer);
  CHECK_THAT(
      error_of(*adamw, state),
      ContainsSubstring("file.pt: the state doesn't fit the optimizer; optimizer.param_groups.0.betas: is missing; "
                        "optimizer.param_groups.0.eps: is missing; optimizer.param_groups.1.betas: is missing"));
  CHECK_THAT(error_of(*adamw, state), ContainsSubstring("optimizer.state.2.exp_avg_sq: is missing"));
  CHECK(adamw->state().empty());
  CHECK_THAT(error_of(*sgd, tx::Value(1)), ContainsSubstring("; optimizer: found a int, expected a dictionary"));
  CHECK_THAT(error_of(*sgd, tx::formats::Dict{}), ContainsSubstring("optimizer.param_groups: is missing"));

  torch::optim::SGD one_group(parameters, torch::optim::SGDOptions(0.1));
  CHECK_THAT(error_of(one_group, state), ContainsSubstring("optimizer.param_groups: found 2 groups, expected 1"));
  auto others = make_parameters();
  std::swap(others[0], others[2]);
  torch::optim::SGD swapped({{{others[0], others[1]}}, {{others[2]}}}, torch::optim::SGDOptions(0.1));
  CHECK_THAT(error_of(swapped, state),
             ContainsSubstring("optimizer.state.0.momentum_buffer: found the shape [3, 2], expected [1]"));
  CHECK(swapped.state().empty());
}

TEST_CASE("a count of steps that is none, and a state of no parameter, are refused") {
  auto parameters = make_parameters();
  auto adamw = make("AdamW", parameters);
  steps(*adamw, parameters, 1);
  const auto error_with = [&](const tx::Value& step, tx::Value id) {
    tx::TensorWriter writer;
    tx::Value state = tx::optimizer_state_dict(*adamw, writer);
    auto& entry = state.as<tx::formats::Dict>()->items[0].second.as<tx::formats::Dict>()->items[0];
    entry.first = std::move(id);
    entry.second.as<tx::formats::Dict>()->set("step", step);
    return error_of(*adamw, state);
  };
  CHECK(error_with(3, 0) == "no error");
  CHECK_THAT(error_with(0.5, 0), ContainsSubstring("optimizer.state.0.step: found 0.5, expected a whole number"));
  CHECK_THAT(error_with(std::nan(""), 0), ContainsSubstring("found nan"));
  CHECK_THAT(error_with(1e300, 0), ContainsSubstring("found 1e+300"));
  CHECK_THAT(error_with("three", 0), ContainsSubstring("step: found a str, expected a number"));
  CHECK_THAT(error_with(3, 7),
             ContainsSubstring("optimizer.state: found the state of a parameter that is in no group"));
  CHECK_THAT(error_with(3, "x"), ContainsSubstring("in no group"));
}

TEST_CASE("an optimizer that has no layout in Python's terms here is refused by its type") {
  struct Options : torch::optim::OptimizerCloneableOptions<Options> {
    double get_lr() const override { return 0; }
    void set_lr(double) override {}
  };
  struct Optimizer : torch::optim::Optimizer {
    explicit Optimizer(std::vector<at::Tensor> parameters)
        : torch::optim::Optimizer(std::move(parameters), std::make_unique<Options>()) {}
    at::Tensor step(LossClosure) override { return {}; }
  };
  Optimizer optimizer(make_parameters());
  tx::TensorWriter writer;
  CHECK_THROWS_WITH(tx::optimizer_state_dict(optimizer, writer), ContainsSubstring("::Options, expected those of SGD"));
}
