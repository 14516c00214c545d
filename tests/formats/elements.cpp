#include "libtorch_ext/formats/elements.h"

#include <algorithm>
#include <cmath>

#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

// Pairs of a tensor and what Python converts it to.
constexpr const char* kPairs = R"(
import sys, torch
torch.manual_seed(0)
bits = torch.randint(-2**31, 2**31, (20000,), dtype=torch.int32).view(torch.float32)
numbers = torch.cat([torch.randn(20000) * 10.0 ** torch.randint(-9, 6, (20000,)), bits[~bits.isnan()],
                     torch.tensor([0.0, -0.0, float("inf"), -float("inf"), 65504.0, 65520.0, 448.0, 464.0, 465.0])])
floats = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
pairs = [(numbers.to(a), numbers.to(a).to(b)) for a in floats for b in floats]
pairs += [(torch.complex(numbers, numbers.flip(0)), torch.complex(numbers, numbers.flip(0)).to(torch.complex128))]
torch.save(pairs, sys.argv[1])
)";

/// Bit for bit, but any NaN is as good as another.
bool same_numbers(std::span<const std::byte> a, std::span<const std::byte> b, DType dtype) {
  const size_t size = element_size(dtype);
  for (size_t at = 0; at < std::max(a.size(), b.size()); at += size) {
    double numbers[2][2] = {};
    to_doubles(a.subspan(at, size), dtype, numbers[0]);
    to_doubles(b.subspan(at, size), dtype, numbers[1]);
    const bool are_nan = std::isnan(numbers[0][0]) && std::isnan(numbers[1][0]);
    if (!are_nan && !std::ranges::equal(a.subspan(at, size), b.subspan(at, size))) return false;
  }
  return a.size() == b.size();
}

TEST_CASE("floats convert as in Python", "[elements]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kPairs, {dir / "pairs.pt"});
  const auto tensors = named_tensors(read_tensor_file(dir / "pairs.pt").root);
  REQUIRE(tensors.size() == 74);
  for (size_t i = 0; i < tensors.size(); i += 2) {
    const Tensor& from = tensors[i].tensor;
    const Tensor& to = tensors[i + 1].tensor;
    const auto converted = convert_elements(from.storage->bytes(), from.dtype, to.dtype);
    const auto expected = to.storage->bytes();
    CAPTURE(dtype_name(from.dtype), dtype_name(to.dtype));
    CHECK(same_numbers(converted, expected, to.dtype));
  }
}

TEST_CASE("integers widen to the same number", "[elements]") {
  const int16_t numbers[] = {-3, 7};
  double wide[2];
  to_doubles(std::as_bytes(std::span(numbers)), DType::Short, wide);
  CHECK(wide[0] == -3);
  CHECK(wide[1] == 7);
}

}  // namespace
}  // namespace torch_ext::formats
