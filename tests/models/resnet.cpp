#include "libtorch_ext/models/resnet.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/models/registry.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::run_python;
using tx::testing::TempDir;

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
