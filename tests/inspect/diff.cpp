#include "libtorch_ext/inspect/diff.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "libtorch_ext/models/resnet.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;

namespace {

struct Pair : torch::nn::Module {
  Pair(int64_t outputs, bool bias) {
    first = register_module("first", torch::nn::Linear(2, 3));
    second = register_module("second", torch::nn::Linear(torch::nn::LinearOptions(3, outputs).bias(bias)));
  }
  torch::nn::Linear first = nullptr, second = nullptr;
};

}  // namespace

TEST_CASE("a model and its copy don't differ") {
  tx::ResNet model = tx::resnet18({.num_classes = 10});
  const auto copy = model->clone();
  const tx::ModelDiff found = tx::diff(*model, *copy);
  CHECK(found.equal());
  CHECK(tx::to_text(found).empty());
}

TEST_CASE("changed classes, options, shapes and values are told, each by its name") {
  Pair a(4, true);
  Pair b(5, false);
  torch::NoGradGuard no_grad;
  b.first->weight.copy_(a.first->weight);
  b.first->bias.copy_(a.first->bias);
  b.first->weight[0][1] = std::nextafter(a.first->weight[0][1].item<float>(), 100.F);
  b.replace_module("first", torch::nn::Linear(b.first));
  const tx::ModelDiff found = tx::diff(a, b);
  REQUIRE(found.modules.size() == 1);
  CHECK(found.modules[0].name == "second");
  CHECK(found.modules[0].b == "Linear(in_features=3, out_features=5, bias=False)");
  REQUIRE(found.tensors.size() == 2);
  CHECK(found.tensors[0].name == "first.weight");
  CHECK(found.tensors[0].distance->elements == 1);
  CHECK(found.tensors[0].distance->max_ulp == 1);
  CHECK(found.tensors[1].a == "float32 [4, 3]");
  CHECK(found.tensors[1].b == "float32 [5, 3]");
  CHECK(found.tensors_only_a == std::vector<std::string>{"second.bias"});
  CHECK_THAT(tx::to_text(found),
             tx::testing::ContainsSubstring("tensor second.weight: float32 [4, 3] | float32 [5, 3]\n"
                                            "tensor only in A: second.bias\n"));
}

TEST_CASE("modules that only one of two models has are told") {
  torch::nn::Sequential a(torch::nn::Linear(2, 2), torch::nn::ReLU());
  torch::nn::Sequential b(torch::nn::Linear(2, 2), torch::nn::Tanh(), torch::nn::ReLU());
  const tx::ModelDiff found = tx::diff(*a, *b);
  REQUIRE(found.modules.size() == 1);
  CHECK(found.modules[0].a + " " + found.modules[0].b == "ReLU() Tanh()");
  CHECK(found.modules_only_b == std::vector<std::string>{"2"});
}

TEST_CASE("distances count steps between neighbouring numbers of every floating type, across zero too") {
  const auto ulp = [](double a, double b, at::ScalarType dtype) {
    return *tx::distance(torch::tensor({a}, dtype), torch::tensor({b}, dtype)).max_ulp;
  };
  CHECK(ulp(1, 1 + 0x1p-23, at::kFloat) == 1);
  CHECK(ulp(1, 1 - 0x1p-23, at::kFloat) == 2);
  CHECK(ulp(1, 1 + 0x1p-52, at::kDouble) == 1);
  CHECK(ulp(1, 1 + 0x1p-9, at::kHalf) == 2);
  CHECK(ulp(1, 1 + 0x1p-7, at::kBFloat16) == 1);
  CHECK(ulp(-0x1p-149, 0x1p-149, at::kFloat) == 2);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(ulp(-infinity, infinity, at::kDouble) == 2 * 0x7ff0000000000000u);
}

TEST_CASE("nans equal each other, zeros of both signs too; a nan beside a number is infinitely far") {
  const double nan = std::nan("");
  const auto a = torch::tensor({nan, 0.0, nan, 1.0});
  CHECK(tx::distance(a, torch::tensor({nan, -0.0, nan, 1.0})).elements == 0);
  const tx::TensorDistance found = tx::distance(a, torch::tensor({nan, 0.0, 5.0, 1.0}));
  CHECK(found.elements == 1);
  CHECK(std::isinf(found.max_abs));
  CHECK_FALSE(found.max_ulp);
}

TEST_CASE("whole numbers, truth values and complex numbers have distances") {
  CHECK(tx::distance(torch::tensor({1, 5}), torch::tensor({3, 5})).max_abs == 2);
  CHECK(tx::distance(torch::tensor({true, false}), torch::tensor({true, true})).elements == 1);
  const auto a = torch::complex(torch::ones({2}), torch::ones({2}));
  const tx::TensorDistance found = tx::distance(a, a.conj());
  CHECK(found.elements == 2);
  CHECK(found.max_abs == 2);
  CHECK_THROWS_WITH(tx::distance(torch::ones({2}), torch::ones({3})),
                    tx::testing::ContainsSubstring("distance: found float32 [2] and float32 [3], expected"));
}
