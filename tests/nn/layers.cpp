#include <torch/torch.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "libtorch_ext/inspect/python_format.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/activation.h"
#include "libtorch_ext/nn/channel_shuffle.h"
#include "libtorch_ext/nn/circular_pad.h"
#include "libtorch_ext/nn/dropout1d.h"
#include "libtorch_ext/nn/gaussian_nll_loss.h"
#include "libtorch_ext/nn/layer_norm2d.h"
#include "libtorch_ext/nn/rms_norm.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/nn/stochastic_depth.h"
#include "libtorch_ext/nn/upsample.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

namespace {

struct Layer {
  tx::TensorModule module;
  std::string python;
  std::vector<int64_t> input;
};

std::vector<Layer> layers() {
  return {
      {tx::Hardswish(), "nn.Hardswish()", {5, 4}},
      {tx::Hardswish(true), "nn.Hardswish(inplace=True)", {5, 4}},
      {tx::Hardsigmoid(), "nn.Hardsigmoid()", {5, 4}},
      {tx::RMSNorm(4), "nn.RMSNorm(4)", {5, 4}},
      {tx::RMSNorm(tx::RMSNormOptions{{3, 4}, 1e-3, false}), "nn.RMSNorm((3, 4), 1e-3, False)", {2, 3, 4}},
      {tx::ChannelShuffle(3), "nn.ChannelShuffle(3)", {2, 6, 3, 2}},
      {tx::CircularPad1d(2), "nn.CircularPad1d(2)", {2, 3, 4}},
      {tx::CircularPad2d(std::array<int64_t, 4>{1, 2, 3, 0}), "nn.CircularPad2d((1, 2, 3, 0))", {1, 3, 4, 5}},
      {tx::CircularPad3d(std::array<int64_t, 6>{1, 0, 2, 1, 1, 1}),
       "nn.CircularPad3d((1, 0, 2, 1, 1, 1))",
       {2, 3, 2, 4}},
      {tx::Dropout1d(), "nn.Dropout1d()", {4, 8, 2}},
      {tx::Dropout1d(tx::Dropout1dOptions{0.25, true}), "nn.Dropout1d(0.25, inplace=True)", {8, 3}},
      {tx::LayerNorm2d(3), "torchvision.models.convnext.LayerNorm2d(3)", {2, 3, 2, 4}},
      {tx::LayerNorm2d(torch::nn::LayerNormOptions({3}).eps(1e-6).elementwise_affine(false)),
       "torchvision.models.convnext.LayerNorm2d(3, 1e-6, False)",
       {2, 3, 2, 4}},
      {tx::StochasticDepth(0.4, tx::StochasticDepthMode::kRow), "torchvision.ops.StochasticDepth(0.4, 'row')", {8, 3}},
      {tx::StochasticDepth(0.25, tx::StochasticDepthMode::kBatch),
       "torchvision.ops.StochasticDepth(0.25, 'batch')",
       {2, 3, 2}},
      {tx::StochasticDepth(1, tx::StochasticDepthMode::kRow), "torchvision.ops.StochasticDepth(1.0, 'row')", {4, 3}},
      {tx::UpsamplingNearest2d(torch::nn::UpsampleOptions().scale_factor(std::vector<double>{2})),
       "nn.UpsamplingNearest2d(scale_factor=2)",
       {1, 2, 3, 2}},
      {tx::UpsamplingBilinear2d(torch::nn::UpsampleOptions().size(std::vector<int64_t>{4, 6})),
       "nn.UpsamplingBilinear2d(size=(4, 6))",
       {1, 2, 3, 2}},
      {tx::Upsample(torch::nn::UpsampleOptions().scale_factor(std::vector<double>{1.5})),
       "nn.Upsample(scale_factor=1.5)",
       {1, 2, 3, 4, 2}},
  };
}

// From -4 on in steps that no kernel rounds.
torch::Tensor ramp(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return torch::arange(count, torch::kDouble).mul(0.25).sub(4).view(shape);
}

std::string numbers(const torch::Tensor& tensor) {
  std::string text;
  for (int64_t i = 0; i < tensor.numel(); ++i) text += tx::python_str(tensor.contiguous().data_ptr<double>()[i]) + " ";
  return text + "\n";
}

}  // namespace

TEST_CASE("layers that LibTorch lacks compute, learn and print as in Python") {
  TORCH_EXT_NEEDS_PYTHON();
  std::string ours;
  std::string script = R"(
import math, torch, torchvision
from torch import nn
def numbers(x): print(*(repr(v) for v in x.flatten().tolist()), '')
def show(layer, *shape):
    torch.manual_seed(5)
    print(layer)
    print(*layer.state_dict())
    layer.double()
    leaf = (torch.arange(math.prod(shape), dtype=torch.double) * 0.25 - 4).view(shape).requires_grad_()
    out = layer(leaf * 1)
    numbers(out)
    (out * torch.arange(out.numel()).view(out.shape)).sum().backward()
    numbers(leaf.grad)
    for parameter in layer.parameters(): numbers(parameter.grad)
    layer.eval()
    numbers(layer(leaf.detach().clone()))
)";
  for (const Layer& layer : layers()) {
    INFO(layer.python);
    script += "show(" + layer.python;
    for (const int64_t size : layer.input) script += ", " + std::to_string(size);
    script += ")\n";

    torch::nn::Module& module = *layer.module.ptr();
    torch::manual_seed(5);
    ours += tx::repr(module) + "\n";
    std::string keys;
    for (const auto& entry : tx::state_entries(module)) keys += (keys.empty() ? "" : " ") + entry.name;
    ours += keys + "\n";
    module.to(torch::kDouble);
    const torch::Tensor leaf = ramp(layer.input).requires_grad_();
    const torch::Tensor out = layer.module.forward(leaf * 1);
    ours += numbers(out);
    (out * torch::arange(out.numel()).view(out.sizes())).sum().backward();
    ours += numbers(leaf.grad());
    for (const auto& parameter : tx::parameters(module)) ours += numbers(parameter.grad());
    module.eval();
    ours += numbers(layer.module.forward(leaf.detach().clone()));
  }
  std::istringstream our_lines(ours), their_lines(tx::testing::run_python(script));
  int64_t lines = 0;
  for (std::string our_line, their_line; std::getline(their_lines, their_line); ++lines) {
    INFO("line " << lines);
    std::getline(our_lines, our_line);
    CHECK(our_line == their_line);
  }
  CHECK(lines == std::ranges::count(ours, '\n'));
}

TEST_CASE("layers are cloned with their options") {
  for (const Layer& layer : layers()) CHECK(tx::repr(*layer.module.clone().ptr()) == tx::repr(*layer.module.ptr()));
}

TEST_CASE("GaussianNLLLoss is Python's, for each shape of the variance and each reduction") {
  TORCH_EXT_NEEDS_PYTHON();
  const torch::Tensor input = ramp({4, 3});
  const torch::Tensor target = input.flip(0);
  std::string ours = tx::repr(*tx::GaussianNLLLoss()) + "\n";
  for (const bool full : {false, true}) {
    for (const auto reduction : {tx::LossReduction::kNone, tx::LossReduction::kMean, tx::LossReduction::kSum}) {
      tx::GaussianNLLLoss loss(tx::GaussianNLLLossOptions{full, 0.5, reduction});
      for (const auto& shape : std::vector<std::vector<int64_t>>{{4, 3}, {4, 1}, {4}}) {
        ours += numbers(loss(input, target, ramp(shape).abs()));
      }
    }
  }
  CHECK(ours == tx::testing::run_python(R"(
import math, torch
def ramp(*shape): return (torch.arange(math.prod(shape), dtype=torch.double) * 0.25 - 4).view(shape)
def numbers(x): print(*(repr(v) for v in x.flatten().tolist()), '')
print(torch.nn.GaussianNLLLoss())
x = ramp(4, 3)
for full in (False, True):
    for reduction in ('none', 'mean', 'sum'):
        loss = torch.nn.GaussianNLLLoss(full=full, eps=0.5, reduction=reduction)
        for shape in ((4, 3), (4, 1), (4,)): numbers(loss(x, x.flip(0), ramp(*shape).abs()))
)"));
  tx::GaussianNLLLoss loss;
  CHECK_THROWS_WITH(loss(input, target, torch::ones({3})), ContainsSubstring("variance is [3] and input [4, 3]"));
  CHECK_THROWS_WITH(loss(input, target, -torch::ones({4, 3})), ContainsSubstring("found a variance below 0"));
}

TEST_CASE("layers refuse what they can't take") {
  CHECK_THROWS_WITH(tx::CircularPad2d(1)->forward(torch::ones({2, 2})),
                    ContainsSubstring("CircularPad2d: the input is [2, 2]; expected 3 or 4 dimensions"));
  CHECK_THROWS_WITH(tx::Dropout1d(1.5), ContainsSubstring("p is 1.5; expected a number from 0 to 1"));
  CHECK_THROWS_WITH(tx::Dropout1d()->forward(torch::ones({1, 2, 3, 4})), ContainsSubstring("expected [N, C, L]"));
  CHECK_THROWS_WITH(tx::RMSNorm(tx::RMSNormOptions{}), ContainsSubstring("normalized_shape is empty"));
}
