#include "libtorch_ext/optim/clip_grad.h"

#include <torch/torch.h>

#include <limits>

#include "libtorch_ext/checkpoint/file.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Parameters of several shapes and dtypes with gradients, one without.
std::vector<at::Tensor> parameters_with_gradients(bool mixed) {
  torch::manual_seed(3);
  std::vector<at::Tensor> parameters = {torch::randn({17, 5}), torch::randn({9}), torch::zeros({4, 3, 3, 3}),
                                        torch::randn({2}), torch::randn({70, 130})};
  if (mixed) {
    parameters.push_back(torch::randn({6, 4}, torch::kDouble));
    parameters.push_back(torch::randn({8, 4}).to(torch::kBFloat16));
    parameters.push_back(torch::randn({3}));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (i != 3) parameters[i].mutable_grad() = torch::randn_like(parameters[i]) * 0.3;
  }
  return parameters;
}

tx::formats::List gradients(const std::vector<at::Tensor>& parameters, tx::TensorWriter& writer) {
  tx::formats::List list;
  for (const auto& parameter : parameters) {
    list.items.push_back(parameter.grad().defined() ? tx::Value(writer(parameter.grad())) : tx::Value());
  }
  return list;
}

}  // namespace

TEST_CASE("gradients are clipped to Python's bits by norm, by value and by the weights' norms as in timm") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  tx::TensorWriter writer;
  tx::formats::List cases;
  const auto add = [&](const char* kind, double limit, double type, bool mixed, const auto& clip) {
    const auto parameters = parameters_with_gradients(mixed);
    tx::formats::List weights;
    for (const auto& parameter : parameters) weights.items.push_back(writer(parameter));
    const auto before = parameters_with_gradients(mixed);  // the same numbers
    const at::Tensor norm = clip(parameters);
    tx::formats::Dict one;
    one.items = {{"kind", kind},
                 {"limit", limit},
                 {"type", type},
                 {"weights", weights},
                 {"norm", norm.defined() ? tx::Value(writer(norm)) : tx::Value()},
                 {"before", gradients(before, writer)},
                 {"after", gradients(parameters, writer)}};
    cases.items.push_back(std::move(one));
  };
  for (const bool mixed : {false, true}) {
    for (const double type : {1.0, 2.0, 3.5, kInf}) {
      for (const double limit : {0.7, 1e6}) {
        add("norm", limit, type, mixed,
            [&](const auto& p) { return tx::clip_grad_norm_(p, limit, {.norm_type = type}); });
      }
    }
    add("value", 0.1, 0, mixed, [](const auto& p) { return tx::clip_grad_value_(p, 0.1), at::Tensor(); });
    add("adaptive", 0.05, 2, mixed,
        [](const auto& p) { return tx::adaptive_clip_grad_(p, {.clip_factor = 0.05}), at::Tensor(); });
  }
  tx::save(tx::Value(tx::formats::Dict{.items = {{"cases", cases}}}), dir / "clip.pt");
  const auto printed = tx::testing::run_python(
      "import sys, torch\n"
      "from torch.nn.utils import clip_grad_norm_, clip_grad_value_\n"
      "def unit_norm(x, t):\n"
      "    return x.norm(t) if x.ndim <= 1 else x.norm(t, dim=tuple(range(1, x.ndim)), keepdim=True)\n"
      "def adaptive(ps, factor, t, eps=1e-3):\n"
      "    for p in ps:\n"
      "        if p.grad is None: continue\n"
      "        g = p.grad\n"
      "        most = unit_norm(p, t).clamp_(min=eps).mul_(factor); norm = unit_norm(g, t)\n"
      "        g.copy_(torch.where(norm < most, g, g * (most / norm.clamp(min=1e-6))))\n"
      "n = 0\n"
      "for c in torch.load(sys.argv[1], weights_only=True)['cases']:\n"
      "    ps = [w.clone() for w in c['weights']]\n"
      "    for p, g in zip(ps, c['before']): p.grad = None if g is None else g.clone()\n"
      "    if c['kind'] == 'norm':\n"
      "        norm = clip_grad_norm_(ps, c['limit'], c['type'])\n"
      "        assert norm.dtype == c['norm'].dtype and torch.equal(norm, c['norm']), (norm, c['norm'])\n"
      "    elif c['kind'] == 'value': clip_grad_value_(ps, c['limit'])\n"
      "    else: adaptive(ps, c['limit'], c['type'])\n"
      "    for p, g in zip(ps, c['after']):\n"
      "        assert (p.grad is None) == (g is None), c['kind']\n"
      "        if g is not None: assert torch.equal(p.grad, g), (c['kind'], c['type'], p.grad, g)\n"
      "    n += 1\n"
      "print(n)\n",
      {dir / "clip.pt"});
  CHECK(printed == "20\n");
}

TEST_CASE("a tied weight is clipped once, an infinite norm is an error where asked for") {
  auto weight = torch::zeros({2});
  weight.mutable_grad() = torch::tensor({3.0F, 4.0F});
  CHECK(tx::clip_grad_norm_({weight, weight}, 1).item<float>() == 5);
  CHECK(torch::allclose(weight.grad(), torch::tensor({0.6F, 0.8F})));
  CHECK(tx::get_total_norm({weight.grad(), weight.grad()}).item<float>() > 1.41F);
  CHECK(tx::clip_grad_norm_({torch::zeros({2})}, 1).item<float>() == 0);
  CHECK(tx::get_total_norm({}).item<float>() == 0);
  tx::clip_grad_value_({torch::zeros({2})}, 1);
  weight.mutable_grad()[0] = kInf;
  CHECK_THROWS_WITH(tx::clip_grad_norm_({weight}, 1, {.error_if_nonfinite = true}),
                    tx::testing::ContainsSubstring("the gradients' norm of order 2: found inf, expected a finite"));
  CHECK(weight.grad()[1].item<float>() > 0.5F);  // left alone

  torch::nn::Linear layer(2, 2);
  layer->forward(torch::ones({1, 2})).sum().backward();
  CHECK(std::abs(tx::clip_grad_norm_(*layer, 0.1).item<double>() - std::sqrt(6.0)) < 1e-6);
  tx::clip_grad_value_(*layer, 0.01);
  CHECK(layer->weight.grad().max().item<float>() == 0.01F);
  tx::adaptive_clip_grad_(*layer);
}
