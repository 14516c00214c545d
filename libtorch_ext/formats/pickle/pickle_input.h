#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "libtorch_ext/formats/little_endian.h"

namespace torch_ext::formats {

/// The bytes of a pickle, taken from front to back. Taking more than is there throws `std::invalid_argument`.
class PickleInput {
 public:
  explicit PickleInput(std::span<const std::byte> bytes) : bytes_(bytes) {}

  /// Bytes taken so far.
  size_t position() const { return position_; }

  std::string_view take(uint64_t size) {
    if (size > bytes_.size() - position_) throw std::invalid_argument("the pickle ends in the middle");
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + position_;
    position_ += size;
    return {begin, static_cast<size_t>(size)};
  }

  /// A little-endian number.
  template <std::integral T>
  T number() {
    return load_little<T>(std::as_bytes(std::span(take(sizeof(T)))).data());
  }

  /// BINFLOAT's argument: the only number in a pickle that is big-endian.
  double big_endian_double() { return std::bit_cast<double>(__builtin_bswap64(number<uint64_t>())); }

  /// Bytes that follow their own size, a number of type `Size`.
  template <std::integral Size>
  std::string_view sized() {
    return take(number<Size>());
  }

  /// Up to the next line feed, which is taken, too, but not returned.
  std::string_view line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_, bytes_.size() - position_);
    const size_t size = rest.find('\n');
    if (size == rest.npos) throw std::invalid_argument("the pickle ends in the middle of a line");
    position_ += size + 1;
    return rest.substr(0, size);
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

}  // namespace torch_ext::formats
