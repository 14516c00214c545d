#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>

/// Numbers in little-endian bytes: what zip, pickle and the elements of tensors are written in.
namespace torch_ext::formats {

static_assert(std::endian::native == std::endian::little, "a big-endian machine would have to swap bytes here");

/// The number at `bytes`, aligned or not. The caller has checked that it lies in its buffer.
template <std::integral T>
T load_little(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// Appends the bytes of `value` to `out`.
template <std::integral T>
void append_little(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace torch_ext::formats
