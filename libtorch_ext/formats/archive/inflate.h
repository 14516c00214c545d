#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace torch_ext::formats {

/// No deflated byte stands for more than this many bytes: a bound for sizes that a file promises.
inline constexpr size_t kMaxDeflateRatio = 1032;

/// Unpacks raw deflate data into exactly `out`. False where the data is damaged or has another size.
bool inflate(std::span<const std::byte> packed, std::span<std::byte> out);

/// The same in pieces of about 1 MiB, for what may unpack to more than memory holds; slower on ordinary data. `use`
/// gets each piece as it comes out; it is gone when `use` returns. False, maybe after some pieces, where the data is
/// damaged or doesn't unpack to `size` bytes; no more than those are unpacked.
bool inflate_pieces(std::span<const std::byte> packed, uint64_t size,
                    const std::function<void(std::span<const std::byte> piece)>& use);

}  // namespace torch_ext::formats
