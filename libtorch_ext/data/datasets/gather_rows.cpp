#include "libtorch_ext/data/datasets/gather_rows.h"

#include <cstring>

namespace torch_ext {
namespace {

// 16 or none take 1.4 times as long for a million samples of 16 bytes in random order.
constexpr int64_t kAhead = 64;

// A size known to the compiler makes of each copy a load and a store; 0: it is known only at run time.
template <size_t kSize>
void gather(const Rows& rows, size_t field, const std::byte* samples, size_t run_time_size) {
  const size_t size = kSize == 0 ? run_time_size : kSize;
  const int64_t count = rows.size();
  const int64_t* const indices = rows.indices().data();
  std::byte* row = rows.at<std::byte>(field, 0);
  const auto stride = rows.at<std::byte>(field, 1) - row;
  int64_t i = 0;
  for (; i + kAhead < count; ++i, row += stride) {
    __builtin_prefetch(samples + static_cast<size_t>(indices[i + kAhead]) * size);
    std::memcpy(row, samples + static_cast<size_t>(indices[i]) * size, size);
  }
  for (; i < count; ++i, row += stride) std::memcpy(row, samples + static_cast<size_t>(indices[i]) * size, size);
}

}  // namespace

void gather_rows(const Rows& rows, size_t field, const std::byte* samples, size_t size) {
  switch (size) {
    case 0:
      return;
    case 1:
      return gather<1>(rows, field, samples, size);
    case 2:
      return gather<2>(rows, field, samples, size);
    case 4:
      return gather<4>(rows, field, samples, size);
    case 8:
      return gather<8>(rows, field, samples, size);
    case 16:
      return gather<16>(rows, field, samples, size);
    case 32:
      return gather<32>(rows, field, samples, size);
    default:
      return gather<0>(rows, field, samples, size);
  }
}

}  // namespace torch_ext
