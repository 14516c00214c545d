#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/data/transforms/mixup.h"
#include "libtorch_ext/nn/focal_loss.h"
#include "libtorch_ext/optim/penalty.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::LossReduction;

TEST_CASE("focal losses, label smoothing, soft targets and mixed batches have Python's values and gradients") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  torch::set_num_threads(1);
  torch::manual_seed(5);
  tx::TensorWriter writer;
  tx::formats::Dict result, ours;
  const auto logits = torch::randn({6, 5}), binary = torch::randint(0, 2, {6, 5}).to(torch::kFloat);
  const auto classes = torch::tensor({0, 4, 2, -100, 1, 1}), all_classes = torch::tensor({0, 4, 2, 3, 1, 1});
  const auto weight = torch::rand({5}), soft = torch::softmax(torch::randn({6, 5}), 1);
  for (const auto& [name, tensor] :
       {std::pair("logits", logits), std::pair("binary", binary), std::pair("classes", classes),
        std::pair("all_classes", all_classes), std::pair("weight", weight), std::pair("soft", soft)}) {
    result.set(name, writer(tensor));
  }
  const auto add = [&](const std::string& name, const auto& loss) {
    auto input = logits.clone().requires_grad_();
    const at::Tensor value = loss(input);
    (value * value).sum().backward();
    ours.set(name, tx::formats::List{{writer(value.detach()), writer(input.grad())}});
  };
  add("sigmoid", [&](const auto& x) { return tx::sigmoid_focal_loss(x, binary); });
  add("sigmoid mean", [&](const auto& x) {
    return tx::sigmoid_focal_loss(x, binary, {.alpha = -1, .gamma = 1.5, .reduction = LossReduction::kMean});
  });
  add("sigmoid sum", [&](const auto& x) {
    return tx::sigmoid_focal_loss(x, binary, {.alpha = 0.7, .gamma = 0, .reduction = LossReduction::kSum});
  });
  add("softmax", [&](const auto& x) { return tx::softmax_focal_loss(x, classes, {.weight = weight}); });
  add("softmax none", [&](const auto& x) {
    return tx::softmax_focal_loss(x, classes, {.gamma = 0.5, .reduction = LossReduction::kNone});
  });
  add("smooth", [&](const auto& x) {
    return torch::nn::CrossEntropyLoss(
        torch::nn::CrossEntropyLossOptions().weight(weight).ignore_index(-100).label_smoothing(0.1))(x, classes);
  });
  add("soft", [&](const auto& x) { return torch::cross_entropy_loss(x, soft); });
  add("soft smooth", [&](const auto& x) {
    return torch::nn::functional::cross_entropy(x, soft,
                                                torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(0.2));
  });
  // A training step's batch: images become logits, and class numbers become shares.
  const tx::Batch batch{logits.reshape({6, 1, 1, 5}), all_classes, {}};
  const tx::Batch mixed = tx::transforms::MixUp{{.num_classes = 5}}.mixed(batch, 0.25);
  add("mixup", [&](const auto& x) { return torch::cross_entropy_loss(x * mixed.data.flatten(1), mixed.target); });
  result.set("ours", ours);
  tx::save(tx::Value(std::move(result)), dir / "losses.pt");
  const auto printed = tx::testing::run_python(
      "import sys, torch\n"
      "from torch.nn import functional as F\n"
      "from torchvision.ops import sigmoid_focal_loss\n"
      "from torchvision.transforms import v2\n"
      "torch.set_num_threads(1)\n"
      "f = torch.load(sys.argv[1], weights_only=True)\n"
      "b, c, w, s, all_c = f['binary'], f['classes'], f['weight'], f['soft'], f['all_classes']\n"
      "def softmax_focal(x, gamma, w=None):\n"
      "    lp = F.log_softmax(x, 1); right = F.nll_loss(lp, c, reduction='none')\n"
      "    return (1 - torch.exp(-right)) ** gamma * F.nll_loss(lp, c, w, reduction='none')\n"
      "m = v2.MixUp(num_classes=5)\n"
      "image = f['logits'].reshape(6, 1, 1, 5); p = dict(batch_size=6, lam=0.25)\n"
      "mx = m.transform(image, dict(p, labels=torch.zeros(6))); my = m.transform(all_c, dict(p, labels=all_c))\n"
      "theirs = {\n"
      "    'sigmoid': lambda x: sigmoid_focal_loss(x, b),\n"
      "    'sigmoid mean': lambda x: sigmoid_focal_loss(x, b, -1, 1.5, 'mean'),\n"
      "    'sigmoid sum': lambda x: sigmoid_focal_loss(x, b, 0.7, 0, 'sum'),\n"
      "    'softmax': lambda x: softmax_focal(x, 2, w).sum() / 5,\n"
      "    'softmax none': lambda x: softmax_focal(x, 0.5),\n"
      "    'smooth': lambda x: F.cross_entropy(x, c, w, label_smoothing=0.1),\n"
      "    'soft': lambda x: F.cross_entropy(x, s),\n"
      "    'soft smooth': lambda x: F.cross_entropy(x, s, label_smoothing=0.2),\n"
      "    'mixup': lambda x: F.cross_entropy(x * mx.flatten(1), my)}\n"
      "assert list(theirs) == list(f['ours'])\n"
      "for k, loss in theirs.items():\n"
      "    x = f['logits'].clone().requires_grad_(); v = loss(x); (v * v).sum().backward()\n"
      "    value, grad = f['ours'][k]\n"
      "    assert torch.equal(v, value), (k, v, value)\n"
      "    assert torch.equal(x.grad, grad), (k, x.grad, grad)\n"
      "print(len(theirs))\n",
      {dir / "losses.pt"});
  CHECK(printed == "9\n");
  // Without a focus it is cross entropy.
  CHECK(torch::allclose(tx::softmax_focal_loss(logits, classes, {.gamma = 0}),
                        torch::cross_entropy_loss(logits, classes)));
  CHECK(tx::softmax_focal_loss(torch::zeros({4}), torch::tensor(1), {.gamma = 0}).dim() == 0);
  CHECK_THROWS_WITH(tx::sigmoid_focal_loss(logits, binary, {.alpha = 2}),
                    tx::testing::ContainsSubstring("found alpha = 2.0, expected a number from 0 to 1") ||
                        tx::testing::ContainsSubstring("found alpha = 2, expected a number from 0 to 1"));
}

TEST_CASE("l1_penalty sums magnitudes, a tied weight's once, and pulls by their signs") {
  torch::nn::Linear layer(2, 1);
  {
    torch::NoGradGuard no_grad;
    layer->weight.copy_(torch::tensor({{3.0F, -4.0F}}));
    layer->bias.fill_(-1);
  }
  const auto penalty = tx::l1_penalty(*layer, 0.5);
  CHECK(penalty.item<float>() == 4);
  CHECK(tx::l1_penalty({layer->weight, layer->weight}, 1).item<float>() == 7);
  CHECK(tx::l1_penalty(std::vector<at::Tensor>{}, 1).item<float>() == 0);
  tx::l1_penalty(*layer, 0.5, "weight").backward();
  CHECK(torch::equal(layer->weight.grad(), torch::tensor({{0.5F, -0.5F}})));
  CHECK(!layer->bias.grad().defined());
  CHECK_THROWS_WITH(tx::l1_penalty(*layer, 1, "wieght"), tx::testing::ContainsSubstring("like \"wieght\""));
}
