#include <torch/torch.h>

#include "libtorch_ext/inspect/count_parameters.h"
#include "libtorch_ext/inspect/expect_shape.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;

namespace {

std::string shape_problem(at::IntArrayRef sizes, const std::string& pattern, tx::NamedSizes known = {}) {
  try {
    tx::expect_shape(torch::zeros(sizes), pattern, "x", known);
  } catch (const c10::ValueError& error) {
    return error.what_without_backtrace();
  }
  return "";
}

}  // namespace

TEST_CASE("expect_shape binds names and keeps them over several tensors") {
  const auto images = torch::zeros({2, 3, 4, 5});
  auto sizes = tx::expect_shape(images, "N 3 H W", "images");
  CHECK(sizes == tx::NamedSizes{{"N", 2}, {"H", 4}, {"W", 5}});
  sizes = tx::expect_shape(torch::zeros({2, 7}), "N C", "scores", sizes);
  CHECK(sizes["C"] == 7);
  CHECK(tx::expect_shape(images, "N ... W") == tx::NamedSizes{{"N", 2}, {"W", 5}});
  CHECK(tx::expect_shape(torch::zeros({2, 5}), "N ... W") == tx::NamedSizes{{"N", 2}, {"W", 5}});
  CHECK(tx::expect_shape(images, "... 5").empty());
  CHECK(tx::expect_shape(images, "_ _ _ _").empty());
  CHECK(tx::expect_shape(torch::zeros({}), "").empty());
  CHECK(shape_problem({3, 3}, "A A") == "");
}

TEST_CASE("expect_shape says what was found and what is expected, of all dimensions at once") {
  CHECK(shape_problem({2, 1, 4, 5}, "N 3 H W") ==
        "x: found [2, 1, 4, 5], expected N 3 H W: dimension 1 is 1, expected 3");
  CHECK(shape_problem({2, 3}, "A A") == "x: found [2, 3], expected A A: dimension 1 is 3, expected A = 2");
  CHECK(
      shape_problem({64, 3, 28}, "N 1 H", {{"N", 32}, {"H", 28}}) ==
      "x: found [64, 3, 28], expected N 1 H with N = 32, H = 28: dimension 0 is 64, expected N = 32; dimension 1 is 3, "
      "expected 1");
  CHECK(shape_problem({2}, "N C") == "x: found [2] of 1 dimensions, expected N C of 2");
  CHECK(shape_problem({2}, "N ... C") == "x: found [2] of 1 dimensions, expected N ... C of 2 or more");
  CHECK(shape_problem({2}, "N-1") == "expect_shape: found \"N-1\" in \"N-1\", expected sizes, names, _ and ...");
  CHECK(shape_problem({2}, "... ...") == "expect_shape: found \"... ...\", expected ... once");
  CHECK_THROWS_WITH(tx::expect_shape(at::Tensor(), "N"), tx::testing::ContainsSubstring("found an undefined tensor"));
}

TEST_CASE("count_parameters counts a tied weight once and leaves out what is frozen where asked to") {
  auto shared = torch::nn::Linear(3, 2);
  torch::nn::Sequential net(shared, torch::nn::BatchNorm1d(2), shared);
  CHECK(tx::count_parameters(*net) == 12);
  shared->bias.set_requires_grad(false);
  CHECK(tx::count_parameters(*net, {.trainable_only = true}) == 10);
}
