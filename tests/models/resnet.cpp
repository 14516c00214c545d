#include "libtorch_ext/models/resnet.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/models/registry.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::run_python;
using tx::testing::TempDir;

TEST_CASE("a ResNet from a seed is torchvision's from that seed: keys, order, every bit, forward and print") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string name = GENERATE("resnet18", "resnet34");
  TempDir dir;
  torch::manual_seed(3);
  const tx::TensorModule model = tx::create_model(name);
  const at::Tensor input = torch::randn({2, 3, 64, 64});
  tx::save(tx::state_dict(*model.ptr()), dir / "cpp.pt");
  model.ptr()->eval();
  torch::NoGradGuard no_grad;
  tx::TensorWriter writer;
  tx::save(tx::Value(tx::formats::Dict{.items = {{"output", writer(model.forward(input))}}}), dir / "output.pt");
  const std::string said = run_python(
      "import sys, torch, torchvision\n"
      "torch.manual_seed(3)\n"
      "model = torchvision.models.get_model(sys.argv[1])\n"
      "input = torch.randn(2, 3, 64, 64)\n"
      "ours, theirs = torch.load(sys.argv[2], weights_only=True), model.state_dict()\n"
      "assert list(ours) == list(theirs) and ours._metadata == theirs._metadata\n"
      "for key in theirs:\n"
      "    assert ours[key].dtype == theirs[key].dtype and torch.equal(ours[key], theirs[key]), key\n"
      "output = torch.load(sys.argv[3], weights_only=True)['output']\n"
      "with torch.no_grad(): assert torch.equal(output, model.eval()(input))\n"
      "print(model, end='')\n",
      {name, dir / "cpp.pt", dir / "output.pt"});
  CHECK(said == tx::repr(*model.ptr()));
}

TEST_CASE("one input channel is what a Python program does to conv1 afterwards") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  torch::manual_seed(3);
  tx::save(tx::state_dict(*tx::resnet18({.num_classes = 10, .in_channels = 1})), dir / "cpp.pt");
  run_python(
      "import sys, torch, torchvision\n"
      "torch.manual_seed(3)\n"
      "model = torchvision.models.resnet18(num_classes=10)\n"
      "model.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)\n"
      "ours = torch.load(sys.argv[1], weights_only=True)\n"
      "assert all(torch.equal(ours[k], v) for k, v in model.state_dict().items())\n",
      {dir / "cpp.pt"});
}

TEST_CASE("a clone of a ResNet computes the same and shares nothing") {
  torch::NoGradGuard no_grad;
  auto model = tx::resnet18({.num_classes = 4});
  model->eval();
  auto copy = std::dynamic_pointer_cast<tx::ResNetImpl>(model->clone());
  const at::Tensor input = torch::randn({1, 3, 32, 32});
  const at::Tensor before = model->forward(input);
  CHECK(torch::equal(copy->forward(input), before));
  for (auto& parameter : copy->parameters()) parameter.zero_();
  CHECK(torch::equal(model->forward(input), before));
}

TEST_CASE("a registered model is made by its name, and an unknown name is told with the known ones") {
  tx::register_model("test-tiny",
                     [](const tx::ModelOptions& options) { return torch::nn::Linear(2, options.num_classes); });
  CHECK(tx::create_model("test-tiny", {.num_classes = 5}).forward(torch::ones({1, 2})).size(1) == 5);
  CHECK_THROWS_AS(tx::register_model("resnet18", [](const auto&) { return torch::nn::Linear(1, 1); }), c10::ValueError);
  CHECK_THROWS_WITH(tx::create_model("resnet81"), tx::testing::ContainsSubstring("did you mean \"resnet18\"?"));
}
