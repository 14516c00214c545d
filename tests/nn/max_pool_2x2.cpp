#include "libtorch_ext/nn/max_pool_2x2.h"

#include <torch/torch.h>

#include <limits>

#include "tests/support/catch.h"

namespace {

void check_like_aten(const at::Tensor& values) {
  const auto ours = values.clone().requires_grad_(), theirs = values.clone().requires_grad_();
  const auto pooled = torch_ext::max_pool_2x2(ours), expected = torch::max_pool2d(theirs, 2);
  REQUIRE(pooled.sizes() == expected.sizes());
  CHECK(torch::equal(pooled.nan_to_num(7), expected.nan_to_num(7)));
  const auto grad = torch::randn_like(expected);
  pooled.backward(grad);
  expected.backward(grad);
  CHECK(torch::equal(ours.grad(), theirs.grad()));
}

}  // namespace

TEST_CASE("max_pool_2x2 has max_pool2d's bits and gradients: ties, NaN, infinities, odd sizes, any layout") {
  torch::manual_seed(2);
  for (const auto& size : std::vector<std::vector<int64_t>>{{2, 3, 28, 28}, {1, 1, 2, 2}, {3, 2, 7, 9}, {1, 2, 3, 2}, {4, 5, 16, 66}}) {
    const auto values = torch::randn(size);
    check_like_aten(values);
    check_like_aten(values.relu());
    check_like_aten(values.round());
    check_like_aten(values.masked_fill(values > 0.8, std::numeric_limits<float>::quiet_NaN()));
    check_like_aten(values.masked_fill(values > 0, -std::numeric_limits<float>::infinity()));
    check_like_aten(torch::full(size, -std::numeric_limits<float>::infinity()));
    check_like_aten(values.contiguous(at::MemoryFormat::ChannelsLast));
    check_like_aten(values.to(torch::kDouble));
  }
  CHECK(torch::equal(torch_ext::max_pool_2x2(torch::zeros({0, 1, 4, 4})), torch::zeros({0, 1, 2, 2})));
}

TEST_CASE("max_pool_2x2 refuses a second gradient instead of giving a wrong one") {
  const auto x = torch::randn({1, 1, 4, 4}).requires_grad_();
  const auto y = torch_ext::max_pool_2x2(x).pow(2).sum();
  CHECK_THROWS_WITH(torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true), Catch::Matchers::Contains("torch::max_pool2d(x, 2)"));
}
