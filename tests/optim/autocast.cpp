#include "libtorch_ext/optim/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

TEST_CASE("Autocast gives Python's dtypes and bits, forward and backward") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  torch::set_num_threads(1);
  torch::manual_seed(2);
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(3, 8, 3));
  tx::Sequential net(conv, torch::nn::BatchNorm2d(8), torch::nn::ReLU(), torch::nn::Flatten(),
                     torch::nn::LayerNorm(torch::nn::LayerNormOptions({288})), torch::nn::Linear(288, 10));
  const auto input = torch::randn({4, 3, 8, 8});
  const auto target = torch::tensor({1, 2, 3, 4});
  tx::TensorWriter writer;
  tx::formats::Dict result;
  const auto state = tx::state_dict(*net);
  tx::formats::Dict start;
  for (const auto& item : state.tensors) start.set(item.key(), writer(item.value().clone()));
  result.set("state", start);
  result.set("input", writer(input));
  torch::Tensor loss, output, twice;
  {
    tx::Autocast autocast(torch::kCPU);
    output = net->forward(input);
    twice = conv->forward(input);  // by the cached casts
    loss = torch::cross_entropy_loss(output, target) + twice.sum();
    tx::Autocast off(torch::kCPU, {.enabled = false});
    loss = loss + output.to(torch::kFloat).matmul(torch::ones({10, 1})).sum();
  }
  loss.backward();
  result.set("output", writer(output.detach()));
  result.set("loss", writer(loss.detach()));
  tx::formats::Dict gradients;
  for (const auto& item : net->named_parameters()) gradients.set(item.key(), writer(item.value().grad()));
  result.set("gradients", gradients);
  tx::save(tx::Value(std::move(result)), dir / "autocast.pt");
  CHECK(output.scalar_type() == torch::kBFloat16);
  tx::testing::run_python(
      "import sys, torch\n"
      "from torch import nn\n"
      "torch.set_num_threads(1)\n"
      "f = torch.load(sys.argv[1], weights_only=True)\n"
      "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.LayerNorm([288]),\n"
      "                    nn.Linear(288, 10))\n"
      "net.load_state_dict(f['state'])\n"
      "target, x = torch.tensor([1, 2, 3, 4]), f['input']\n"
      "with torch.autocast('cpu', torch.bfloat16):\n"
      "    out = net(x); twice = net[0](x)\n"
      "    loss = nn.functional.cross_entropy(out, target) + twice.sum()\n"
      "    with torch.autocast('cpu', enabled=False):\n"
      "        loss = loss + out.float().matmul(torch.ones(10, 1)).sum()\n"
      "loss.backward()\n"
      "def same(a, b, what): assert a.dtype == b.dtype and torch.equal(a, b), what\n"
      "same(out, f['output'], 'output'); same(loss, f['loss'], 'loss')\n"
      "for n, p in net.named_parameters(): same(p.grad, f['gradients'][n], n)\n",
      {dir / "autocast.pt"});
}

TEST_CASE("Autocast restores what was before, also after an exception, and drops the cache at the outermost end") {
  const auto state = [] {
    return std::tuple(at::autocast::is_autocast_enabled(at::kCPU), at::autocast::get_autocast_dtype(at::kCPU),
                      at::autocast::is_autocast_cache_enabled());
  };
  const auto before = state();
  const auto weight = torch::randn({4, 4}).requires_grad_();
  try {
    tx::Autocast outer(torch::kCPU, {.dtype = torch::kHalf, .cache_enabled = true});
    CHECK(state() == std::tuple(true, torch::kHalf, true));
    torch::mm(weight, weight);
    {
      tx::Autocast inner(torch::kCPU, {.dtype = torch::kBFloat16, .enabled = false, .cache_enabled = false});
      CHECK(state() == std::tuple(false, torch::kBFloat16, false));
      CHECK(torch::mm(weight, weight).scalar_type() == torch::kFloat);
    }
    CHECK(state() == std::tuple(true, torch::kHalf, true));
    CHECK(weight.use_count() > 1);  // held by the cache, still
    throw std::runtime_error("x");
  } catch (const std::runtime_error&) {
  }
  CHECK(state() == before);
  CHECK(weight.use_count() == 1);
  CHECK_THROWS_WITH(tx::Autocast(torch::kCPU, {.dtype = torch::kDouble}),
                    tx::testing::ContainsSubstring("found dtype Double on the CPU, expected BFloat16 or Half"));
  CHECK_THROWS_WITH(tx::Autocast(torch::kMeta), tx::testing::ContainsSubstring("found device type meta"));
  CHECK(state() == before);
  if (!torch::cuda::is_available()) {
    tx::Autocast cuda(torch::kCUDA);
    CHECK(!at::autocast::is_autocast_enabled(at::kCUDA));
  }
}
