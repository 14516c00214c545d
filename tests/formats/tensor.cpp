#include "libtorch_ext/formats/tensor.h"

#include <atomic>
#include <limits>
#include <stdexcept>
#include <thread>

#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

Tensor view(Tensor base, std::vector<int64_t> shape, std::vector<int64_t> stride, int64_t offset = 0) {
  base.shape = std::move(shape);
  base.stride = std::move(stride);
  base.storage_offset = offset;
  return base;
}

}  // namespace

TEST_CASE("a contiguous tensor's elements are not copied", "[tensor]") {
  const Tensor tensor = view(make_tensor(DType::Byte, {10}), {2, 3}, {3, 1}, 4);
  std::vector<std::byte> scratch;
  CHECK(row_major_bytes(tensor, scratch).data() == tensor.storage->bytes().data() + 4);
  CHECK(scratch.empty());
}

TEST_CASE("row_major_bytes follows the strides for every element size", "[tensor]") {
  const auto dtype = GENERATE(DType::Byte, DType::Half, DType::Float, DType::Double, DType::ComplexDouble);
  const Tensor base = make_tensor(dtype, {2, 3});
  const std::string row_major = elements(base);
  const size_t size = element_size(dtype);
  std::string transposed;
  for (size_t i : {0, 3, 1, 4, 2, 5}) transposed += row_major.substr(i * size, size);
  CHECK(elements(view(base, {3, 2}, {1, 3})) == transposed);
  CHECK(elements(view(base, {2, 2}, {0, 1}, 1)) == row_major.substr(size, 2 * size) + row_major.substr(size, 2 * size));
}

TEST_CASE("sizes of 0 and 1 make any stride contiguous", "[tensor]") {
  const Tensor base = make_tensor(DType::Float, {6});
  CHECK(view(base, {1, 6}, {99, 1}).is_contiguous());
  CHECK(view(base, {0, 6}, {1, 50}).is_contiguous());
  CHECK(view(base, {}, {}).is_contiguous());
  CHECK_FALSE(view(base, {3}, {2}).is_contiguous());
  CHECK(elements(view(base, {3, 1}, {2, std::numeric_limits<int64_t>::max()})).size() == 12);
}

TEST_CASE("check_bounds refuses views that reach beyond their storage, however large the numbers", "[tensor]") {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  const Tensor base = make_tensor(DType::Float, {6});
  CHECK_NOTHROW(check_bounds(view(base, {6}, {1})));
  CHECK_NOTHROW(check_bounds(view(base, {0}, {1}, 1000)));
  CHECK_NOTHROW(check_bounds(view(base, {1000, 6}, {0, 1})));
  CHECK_NOTHROW(check_bounds(view(base, {1}, {huge})));
  const auto broken = {
      view(base, {7}, {1}),
      view(base, {6}, {1}, 1),
      view(base, {2}, {6}),
      view(base, {}, {}, 6),
      view(base, {-1}, {1}),
      view(base, {2}, {-1}),
      view(base, {2}, {1}, -1),
      view(base, {huge}, {huge}),
      view(base, {huge, huge}, {0, 0}),
      view(base, {}, {}, huge),
      view(base, {huge, 2}, {1, huge}),
      view(base, {2}, {huge / 2}, huge / 2),
      view(base, {2, 3}, {1}),
      view(base, std::vector<int64_t>(65, 1), std::vector<int64_t>(65, 1)),
  };
  for (const Tensor& tensor : broken) CHECK_THROWS_AS(check_bounds(tensor), std::invalid_argument);
}

TEST_CASE("a view that repeats one element into terabytes is refused, not allocated", "[tensor]") {
  std::vector<std::byte> scratch;
  const Tensor tensor = view(make_tensor(DType::Float, {1}), {1 << 20, 1 << 20}, {0, 0});
  REQUIRE_NOTHROW(check_bounds(tensor));
  CHECK_THROWS_AS(row_major_bytes(tensor, scratch), std::length_error);
}

TEST_CASE("a lazy storage is loaded once, whichever thread asks first", "[tensor]") {
  std::atomic<int> loads = 0;
  const Storage storage(3, [&] {
    ++loads;
    return std::vector<std::byte>(3, std::byte{7});
  });
  CHECK(loads == 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { storage.bytes(); });
  for (auto& thread : threads) thread.join();
  CHECK(loads == 1);
  CHECK(storage.bytes()[2] == std::byte{7});
}

}  // namespace torch_ext::formats
