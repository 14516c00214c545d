#pragma once

#include <cstddef>
#include <span>

namespace torch_ext::formats {

/// No deflated byte stands for more than this many bytes: a bound for sizes that a file promises.
inline constexpr size_t kMaxDeflateRatio = 1032;

/// Unpacks raw deflate data into exactly `out`. False where the data is damaged or has another size.
bool inflate(std::span<const std::byte> packed, std::span<std::byte> out);

}  // namespace torch_ext::formats
