#include "libtorch_ext/formats/elements.h"

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Float8_e4m3fn.h>
#include <torch/headeronly/util/Float8_e4m3fnuz.h>
#include <torch/headeronly/util/Float8_e5m2.h>
#include <torch/headeronly/util/Float8_e5m2fnuz.h>
#include <torch/headeronly/util/Float8_e8m0fnu.h>
#include <torch/headeronly/util/Half.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace torch_ext::formats {
namespace {

/// A C++ type as a value: what `with_type` passes on.
template <class T>
struct Type {
  using type = T;
};

/// Calls `use` with the type that stores a part of an element.
template <class Use>
void with_type(DType dtype, Use&& use) {
  switch (dtype) {
    case DType::Double:
    case DType::ComplexDouble:
      return use(Type<double>{});
    case DType::Float:
    case DType::ComplexFloat:
      return use(Type<float>{});
    case DType::Half:
    case DType::ComplexHalf:
      return use(Type<c10::Half>{});
    case DType::BFloat16:
      return use(Type<c10::BFloat16>{});
    case DType::Float8_e5m2:
      return use(Type<c10::Float8_e5m2>{});
    case DType::Float8_e4m3fn:
      return use(Type<c10::Float8_e4m3fn>{});
    case DType::Float8_e5m2fnuz:
      return use(Type<c10::Float8_e5m2fnuz>{});
    case DType::Float8_e4m3fnuz:
      return use(Type<c10::Float8_e4m3fnuz>{});
    case DType::Float8_e8m0fnu:
      return use(Type<c10::Float8_e8m0fnu>{});
    case DType::Char:
    case DType::QInt8:
      return use(Type<int8_t>{});
    case DType::Short:
      return use(Type<int16_t>{});
    case DType::Int:
    case DType::QInt32:
      return use(Type<int32_t>{});
    case DType::Long:
      return use(Type<int64_t>{});
    case DType::UInt16:
    case DType::Bits16:
      return use(Type<uint16_t>{});
    case DType::UInt32:
      return use(Type<uint32_t>{});
    case DType::UInt64:
      return use(Type<uint64_t>{});
    default:
      return use(Type<uint8_t>{});
  }
}

template <class T>
double widened(T value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<double>(value);
  else
    return static_cast<double>(static_cast<float>(value));
}

template <class T>
T narrowed(double value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<T>(value);
  else
    return static_cast<T>(static_cast<float>(value));
}

}  // namespace

bool is_floating_point(DType dtype) {
  switch (dtype) {
    case DType::Double:
    case DType::Float:
    case DType::Half:
    case DType::BFloat16:
    case DType::Float8_e5m2:
    case DType::Float8_e4m3fn:
    case DType::Float8_e5m2fnuz:
    case DType::Float8_e4m3fnuz:
    case DType::Float8_e8m0fnu:
      return true;
    default:
      return false;
  }
}

void to_doubles(std::span<const std::byte> bytes, DType dtype, std::span<double> out) {
  with_type(dtype, [&]<class T>(Type<T>) {
    for (size_t i = 0; i < bytes.size() / sizeof(T); ++i) {
      T value;
      std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
      out[i] = widened(value);
    }
  });
}

void from_doubles(std::span<const double> numbers, DType dtype, std::span<std::byte> out) {
  with_type(dtype, [&]<class T>(Type<T>) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      const T value = narrowed<T>(numbers[i]);
      std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
    }
  });
}

std::vector<std::byte> convert_elements(std::span<const std::byte> bytes, DType from, DType to) {
  constexpr size_t kAtOnce = 4096;
  const size_t part = element_size(from) / parts(from);
  const size_t new_part = element_size(to) / parts(to);
  const size_t count = bytes.size() / part;
  std::vector<std::byte> converted(count * new_part);
  std::vector<double> numbers(std::min(count, kAtOnce));
  for (size_t begin = 0; begin < count; begin += kAtOnce) {
    const auto some = std::span(numbers).first(std::min(kAtOnce, count - begin));
    to_doubles(bytes.subspan(begin * part, some.size() * part), from, some);
    from_doubles(some, to, std::span(converted).subspan(begin * new_part, some.size() * new_part));
  }
  return converted;
}

}  // namespace torch_ext::formats
