#include "libtorch_ext/inspect/tensor_repr.h"

#include <torch/torch.h>

#include "tests/inspect/python_prints.h"
#include "tests/support/cuda.h"

namespace torch_ext {
namespace {

struct Printed {
  const char* python;
  at::Tensor tensor;
};

std::vector<Printed> printed_tensors() {
  const auto arange = [](int64_t end, at::ScalarType dtype) { return torch::arange(end, dtype); };
  const auto leaf = torch::ones({2}, torch::requires_grad());
  return {
      {"torch.tensor(1.5)", torch::tensor(1.5)},
      {"torch.arange(6).reshape(2, 3).t()", arange(6, torch::kInt64).reshape({2, 3}).t()},
      {"torch.arange(6.0)[1::2]", arange(6, torch::kFloat32).slice(0, 1, 6, 2)},
      {"torch.arange(40, dtype=torch.float64) / 7", arange(40, torch::kFloat64) / 7},
      {"torch.arange(2000)", arange(2000, torch::kInt64)},
      {"torch.arange(4).half()", arange(4, torch::kFloat16)},
      {"torch.arange(4).bfloat16() / 3", arange(4, torch::kBFloat16) / 3},
      {"torch.tensor([True, False])", torch::tensor({true, false})},
      {"torch.tensor([1 + 2j]).conj()", torch::tensor({c10::complex<float>(1, 2)}).conj()},
      {"torch.tensor([1 + 2j]).conj().imag", at::imag(torch::tensor({c10::complex<float>(1, 2)}).conj())},
      {"torch.empty(0)", torch::empty({0})},
      {"torch.empty(0, 3, dtype=torch.int32)", torch::empty({0, 3}, torch::kInt32)},
      {"torch.tensor([float('nan'), float('inf'), 1e-9])", torch::tensor({NAN, INFINITY, 1e-9F})},
      {"torch.ones(2, requires_grad=True)", leaf},
      {"torch.ones(2, requires_grad=True).exp()", leaf.exp()},
      {"torch.ones(2, requires_grad=True).exp().sum().double()", leaf.exp().sum().to(torch::kFloat64)},
      {"(torch.arange(12) / 7).requires_grad_().log_softmax(0)",
       (arange(12, torch::kInt64) / 7).requires_grad_().log_softmax(0)},
      {"(torch.arange(9.0) / 7).requires_grad_().log_softmax(0)",
       (arange(9, torch::kFloat32) / 7).requires_grad_().log_softmax(0)},
  };
}

}  // namespace

TEST_CASE("a tensor's repr is what Python prints", "[repr]") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto tensors = printed_tensors();
  std::vector<std::string> expressions;
  for (const Printed& printed : tensors) expressions.emplace_back(printed.python);
  const auto python = testing::python_prints(expressions);
  REQUIRE(python.size() == tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    INFO(tensors[i].python);
    CHECK(repr(tensors[i].tensor) == python[i]);
  }
}

TEST_CASE("a tensor without a repr says what it is", "[repr]") {
  CHECK_THROWS_WITH(repr(at::Tensor()), testing::ContainsSubstring("found an undefined tensor"));
  CHECK_THROWS_WITH(repr(torch::eye(2).to_sparse()), testing::ContainsSubstring("expected a dense tensor"));
}

TEST_CASE("a tensor's repr names its GPU", "[repr][cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  CHECK(repr(torch::ones({2}, torch::TensorOptions(at::kCUDA).dtype(at::kDouble))) ==
        "tensor([1., 1.], device='cuda:0', dtype=torch.float64)");
}

}  // namespace torch_ext
