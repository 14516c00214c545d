#include "libtorch_ext/formats/tensor_text.h"

#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

constexpr const char* kTensors = R"(
import sys, torch
torch.manual_seed(0)
f = torch.float32
tensors = [
    torch.tensor(3), torch.tensor(2.5), torch.tensor(-0.0), torch.tensor(True), torch.tensor(float("nan")),
    torch.tensor(1e-9), torch.tensor(1 + 2j), torch.tensor([]), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.int64),
    torch.randn(3), torch.randn(7, 5), torch.randn(2, 3, 4), torch.randn(40), torch.randn(40, 40), torch.randn(2000),
    torch.randn(9, 9, 9, 9), torch.randn(3, 400) * 1e6, torch.randn(4, 4) * 1e-6, torch.randn(5, 30) * 1e9,
    torch.arange(20), torch.arange(-5, 5, dtype=torch.int8), torch.arange(2000).view(20, 100), torch.eye(3),
    torch.tensor([1.0, float("inf"), -float("inf"), float("nan")]), torch.tensor([float("inf")]),
    torch.tensor([1.5, float("nan"), 0.0, -0.0]), torch.tensor([[True, False], [False, True]]),
    torch.full((3,), 2**63 - 1), torch.tensor([2**64 - 1], dtype=torch.uint64), torch.randn(3, 4).t(),
    torch.randn(4, 6)[::2, ::3], torch.randn(2, 2, dtype=torch.complex64), torch.randn(40, dtype=torch.complex128),
    torch.randn(3, 3).to(torch.float16), torch.randn(3, 3).to(torch.bfloat16), torch.randn(3, 3).double(),
    torch.randn(3, 3).to(torch.float8_e4m3fn), torch.randn(3, 3).to(torch.float8_e5m2),
    torch.tensor([0.1, 1000.0]), torch.tensor([1.0, 1e8]), torch.tensor([1.0, 2e8]), torch.tensor([1.0, 2000.0]),
    torch.zeros(1001), torch.zeros(2, 3, 1, 5), torch.randint(0, 9, (7, 300), dtype=torch.uint8),
    torch.nn.Parameter(torch.randn(2, 2)), torch.randn(2).requires_grad_(), torch.zeros(3, 70, dtype=torch.float16),
    torch.quantize_per_tensor(torch.randn(3, 4), 0.1, 2, torch.qint8),
    torch.quantize_per_channel(torch.randn(3, 4), torch.tensor([0.1, 0.2, 0.5]), torch.tensor([0, 1, 2]), 0, torch.quint8),
    torch.quantize_per_channel(torch.randn(2, 3, 2), torch.tensor([0.1, 0.2, 0.5]), torch.tensor([0, 1, 2]), 1, torch.qint32),
    torch.nn.Parameter(torch.zeros(0)), torch.ones(1, 1, 1, dtype=torch.int32), torch.randn(1, 11).to(torch.bfloat16),
]
torch.save(tensors, sys.argv[1])
print("\0".join(str(t) for t in tensors), end="")
)";

TEST_CASE("tensors print as in Python", "[tensor_text]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  std::string expected = run_python(kTensors, {dir / "tensors.pt"});
  for (const auto& [name, tensor] : named_tensors(read_tensor_file(dir / "tensors.pt").root)) {
    const size_t end = std::min(expected.find('\0'), expected.size());
    CHECK(tensor_text(tensor) == expected.substr(0, end));
    expected.erase(0, end + 1);
  }
}

}  // namespace
}  // namespace torch_ext::formats
