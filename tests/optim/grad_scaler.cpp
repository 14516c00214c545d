#include "libtorch_ext/optim/grad_scaler.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

TEST_CASE("GradScaler grows, backs off and skips as Python's, with two optimizers, and goes on from either's state") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::testing::TempDir dir;
  torch::manual_seed(0);
  auto a = torch::randn({5}).requires_grad_(), b = torch::randn({3, 2}).requires_grad_();
  tx::TensorWriter writer;
  tx::formats::Dict result;
  result.set("a", writer(a.detach().clone()));
  result.set("b", writer(b.detach().clone()));
  torch::optim::SGD first({a}, 0.1), second({b}, 0.3);
  tx::GradScaler scaler({.init_scale = 1000, .growth_factor = 1.7, .backoff_factor = 0.3, .growth_interval = 2});
  std::vector<tx::Value> scales, states, stepped;
  tx::GradScaler other({.init_scale = 5});
  for (int i = 0; i < 12; ++i) {
    first.zero_grad(), second.zero_grad();
    auto& now = i < 8 ? scaler : other;
    if (i == 8) other.load_state_dict(scaler.state_dict());
    auto losses = now.scale({(a * a).sum(), (b * b * b).sum()});
    (losses[0] + losses[1]).backward();
    if (i == 3 || i == 4) a.mutable_grad()[1] = std::numeric_limits<float>::infinity();
    if (i == 7) b.mutable_grad()[1][1] = std::numeric_limits<float>::quiet_NaN();
    if (i % 2) now.unscale_(first);
    const bool one = now.step(first), two = now.step(second);
    if (i == 10) {
      now.update(77.0);
    } else {
      now.update();
    }
    stepped.emplace_back(one), stepped.emplace_back(two);
    states.push_back(now.state_dict());
  }
  CHECK(*stepped[6].as<bool>() == false);
  CHECK(*stepped[7].as<bool>() == true);
  CHECK(*stepped[15].as<bool>() == false);
  result.set("a_end", writer(a.detach()));
  result.set("b_end", writer(b.detach()));
  result.set("states", tx::formats::List{states});
  tx::save(tx::Value(std::move(result)), dir / "scaler.pt");
  tx::testing::run_python(
      "import sys, torch\n"
      "f = torch.load(sys.argv[1], weights_only=True)\n"
      "a, b = f['a'].clone().requires_grad_(), f['b'].clone().requires_grad_()\n"
      "first, second = torch.optim.SGD([a], lr=0.1), torch.optim.SGD([b], lr=0.3)\n"
      "S = lambda **k: torch.amp.GradScaler('cpu', **k)\n"
      "now = S(init_scale=1000., growth_factor=1.7, backoff_factor=0.3, growth_interval=2)\n"
      "for i in range(12):\n"
      "    first.zero_grad(); second.zero_grad()\n"
      "    if i == 8:\n"
      "        s = S(init_scale=5.); s.load_state_dict(f['states'][7]); now = s\n"
      "    x, y = now.scale([(a * a).sum(), (b * b * b).sum()])\n"
      "    (x + y).backward()\n"
      "    if i in (3, 4): a.grad[1] = float('inf')\n"
      "    if i == 7: b.grad[1][1] = float('nan')\n"
      "    if i % 2: now.unscale_(first)\n"
      "    now.step(first); now.step(second)\n"
      "    now.update(77. if i == 10 else None)\n"
      "    assert now.state_dict() == f['states'][i], (i, now.state_dict(), f['states'][i])\n"
      "    assert list(now.state_dict()) == list(f['states'][i])\n"
      "assert torch.equal(a, f['a_end']) and torch.equal(b, f['b_end'])\n",
      {dir / "scaler.pt"});
}

TEST_CASE("GradScaler names misuse") {
  auto a = torch::ones({2}).requires_grad_();
  torch::optim::SGD optimizer({a}, 1);
  tx::GradScaler scaler;
  CHECK_THROWS_WITH(scaler.step(optimizer), ContainsSubstring("found step() before any scale()"));
  CHECK_THROWS_WITH(scaler.update(), ContainsSubstring("found update() before any scale()"));
  const auto scaled = scaler.scale(a.sum());
  CHECK_THROWS_WITH(scaler.step(optimizer), ContainsSubstring("found no gradients"));
  CHECK_THROWS_WITH(scaler.unscale_(optimizer), ContainsSubstring("second unscale_()"));
  CHECK_THROWS_WITH(scaler.update(), ContainsSubstring("before any step()"));
  tx::GradScaler again;
  again.scale(a.sum()).backward();
  CHECK(again.step(optimizer));
  CHECK_THROWS_WITH(again.step(optimizer), ContainsSubstring("second step()"));
  CHECK_THROWS_WITH(again.unscale_(optimizer), ContainsSubstring("unscale_() after step()"));
  CHECK_THROWS_WITH(tx::GradScaler({.growth_factor = 1}), ContainsSubstring("expected a number above 1"));
  CHECK_THROWS_WITH(tx::GradScaler({.backoff_factor = 1}), ContainsSubstring("expected a number below 1"));
  CHECK_THROWS_WITH(again.load_state_dict(tx::formats::Dict{}), ContainsSubstring("found an empty state"));
  CHECK_THROWS_WITH(again.load_state_dict(tx::formats::Dict{.items = {{"scale", "x"}}}),
                    "GradScaler: scale: found 'x', expected a number");
}

TEST_CASE("a disabled GradScaler passes everything through") {
  auto a = torch::ones({2}).requires_grad_();
  torch::optim::SGD optimizer({a}, 1);
  tx::GradScaler scaler({.enabled = false});
  const auto loss = a.sum();
  CHECK(scaler.scale(loss).is_same(loss));
  loss.backward();
  scaler.unscale_(optimizer);
  CHECK(scaler.step(optimizer));
  CHECK(scaler.step(optimizer));
  scaler.update();
  CHECK(torch::equal(a, torch::full({2}, -1.0)));
  CHECK(scaler.get_scale() == 1);
  CHECK(scaler.state_dict().as<tx::formats::Dict>()->items.empty());
  scaler.load_state_dict(tx::formats::Dict{});
}
