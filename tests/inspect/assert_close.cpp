#include "libtorch_ext/inspect/assert_close.h"

#include <torch/torch.h>

#include <limits>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

TEST_CASE("assert_close accepts and refuses what torch.testing.assert_close does, in its words") {
  TORCH_EXT_NEEDS_PYTHON();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  tx::testing::TempDir dir;
  torch::manual_seed(6);
  tx::TensorWriter writer;
  tx::formats::List cases;
  const auto add = [&](const at::Tensor& a, const at::Tensor& b, tx::CloseOptions options = {}) {
    tx::formats::Dict arguments;
    if (options.rtol) arguments.set("rtol", *options.rtol);
    if (options.atol) arguments.set("atol", *options.atol);
    arguments.set("equal_nan", options.equal_nan);
    arguments.set("check_dtype", options.check_dtype);
    arguments.set("check_stride", options.check_stride);
    cases.items.push_back(tx::formats::List{
        {writer(a.clone()), writer(b.clone()), tx::Value(arguments), tx::Value(tx::mismatch(a, b, options))}});
  };
  const auto x = torch::randn({3, 4, 5});
  auto y = x.clone();
  add(x, y);
  y[1][2][3] += 1e-7;
  add(x, y);
  y[1][2][3] += 0.25;
  y[2][0][0] -= 0.125;
  add(x, y);
  add(x, y, {.rtol = 0, .atol = 0});
  add(x, y, {.rtol = 0.5, .atol = 0.01});
  add(x, y.to(torch::kDouble));
  add(x, y.to(torch::kDouble), {.check_dtype = false});
  add(x.to(torch::kBFloat16), y.to(torch::kBFloat16));
  add(x, x.transpose(0, 1));
  add(x.transpose(0, 1), x.transpose(0, 1).contiguous(), {.check_stride = true});
  add(torch::tensor({1, 2, 3}), torch::tensor({1, 5, 0}));
  add(torch::tensor({true, false}), torch::tensor({true, true}));
  add(torch::tensor(1.5F), torch::tensor(2.0F));
  add(torch::tensor(3), torch::tensor(5));
  add(torch::tensor({1.0F, kNan}), torch::tensor({1.0F, kNan}));
  add(torch::tensor({1.0F, kNan}), torch::tensor({1.0F, kNan}), {.equal_nan = true});
  add(torch::tensor({1.0F, 0.5F}), torch::tensor({1.0F, 0.0F}));
  add(torch::zeros({0, 3}), torch::zeros({0, 3}));
  tx::save(tx::Value(tx::formats::Dict{.items = {{"cases", cases}}}), dir / "close.pt");
  const auto printed = tx::testing::run_python(
      "import sys, torch\n"
      "refused = 0\n"
      "for i, (a, b, arguments, ours) in enumerate(torch.load(sys.argv[1], weights_only=True)['cases']):\n"
      "    try: torch.testing.assert_close(a, b, **arguments); theirs = ''\n"
      "    except AssertionError as error: theirs = str(error)\n"
      "    assert ours == theirs, f'{i}:\\n{ours}\\n---\\n{theirs}'\n"
      "    refused += ours != ''\n"
      "print(refused)\n",
      {dir / "close.pt"});
  CHECK(printed == "14\n");
  CHECK_THROWS_AS(tx::assert_close(x, y), tx::Error);
  tx::assert_close(x, x);
  CHECK_THROWS_WITH(tx::mismatch(x, y, {.rtol = 1}), tx::testing::ContainsSubstring("found rtol without atol"));
}
