#include "libtorch_ext/formats/dtype.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "libtorch_ext/core/small_letters.h"

namespace torch_ext::formats {
namespace {

struct Entry {
  DType dtype;
  uint8_t size;
  std::string_view name;
  std::string_view storage;  // empty: saved through UntypedStorage
};

// In the order of the enumeration, so that a dtype is its own index.
constexpr Entry kTable[] = {
    {DType::Byte, 1, "uint8", "ByteStorage"},
    {DType::Char, 1, "int8", "CharStorage"},
    {DType::Short, 2, "int16", "ShortStorage"},
    {DType::Int, 4, "int32", "IntStorage"},
    {DType::Long, 8, "int64", "LongStorage"},
    {DType::Half, 2, "float16", "HalfStorage"},
    {DType::Float, 4, "float32", "FloatStorage"},
    {DType::Double, 8, "float64", "DoubleStorage"},
    {DType::ComplexHalf, 4, "complex32", ""},
    {DType::ComplexFloat, 8, "complex64", "ComplexFloatStorage"},
    {DType::ComplexDouble, 16, "complex128", "ComplexDoubleStorage"},
    {DType::Bool, 1, "bool", "BoolStorage"},
    {DType::QInt8, 1, "qint8", "QInt8Storage"},
    {DType::QUInt8, 1, "quint8", "QUInt8Storage"},
    {DType::QInt32, 4, "qint32", "QInt32Storage"},
    {DType::BFloat16, 2, "bfloat16", "BFloat16Storage"},
    {DType::QUInt4x2, 1, "quint4x2", "QUInt4x2Storage"},
    {DType::QUInt2x4, 1, "quint2x4", "QUInt2x4Storage"},
    {DType::Bits1x8, 1, "bits1x8", ""},
    {DType::Bits2x4, 1, "bits2x4", ""},
    {DType::Bits4x2, 1, "bits4x2", ""},
    {DType::Bits8, 1, "bits8", ""},
    {DType::Bits16, 2, "bits16", ""},
    {DType::Float8_e5m2, 1, "float8_e5m2", ""},
    {DType::Float8_e4m3fn, 1, "float8_e4m3fn", ""},
    {DType::Float8_e5m2fnuz, 1, "float8_e5m2fnuz", ""},
    {DType::Float8_e4m3fnuz, 1, "float8_e4m3fnuz", ""},
    {DType::UInt16, 2, "uint16", ""},
    {DType::UInt32, 4, "uint32", ""},
    {DType::UInt64, 8, "uint64", ""},
    {DType::UInt1, 1, "uint1", ""},
    {DType::UInt2, 1, "uint2", ""},
    {DType::UInt3, 1, "uint3", ""},
    {DType::UInt4, 1, "uint4", ""},
    {DType::UInt5, 1, "uint5", ""},
    {DType::UInt6, 1, "uint6", ""},
    {DType::UInt7, 1, "uint7", ""},
    {DType::Int1, 1, "int1", ""},
    {DType::Int2, 1, "int2", ""},
    {DType::Int3, 1, "int3", ""},
    {DType::Int4, 1, "int4", ""},
    {DType::Int5, 1, "int5", ""},
    {DType::Int6, 1, "int6", ""},
    {DType::Int7, 1, "int7", ""},
    {DType::Float8_e8m0fnu, 1, "float8_e8m0fnu", ""},
    {DType::Float4_e2m1fn_x2, 1, "float4_e2m1fn_x2", ""},
};

struct Alias {
  std::string_view word;
  DType dtype;
};

// Python's own second names, those of safetensors, and what programs call their flags.
constexpr Alias kAliases[] = {
    {"half", DType::Half},
    {"fp16", DType::Half},
    {"f16", DType::Half},
    {"bf16", DType::BFloat16},
    {"bfloat", DType::BFloat16},
    {"float", DType::Float},
    {"single", DType::Float},
    {"fp32", DType::Float},
    {"f32", DType::Float},
    {"double", DType::Double},
    {"fp64", DType::Double},
    {"f64", DType::Double},
    {"f8_e4m3", DType::Float8_e4m3fn},
    {"fp8_e4m3", DType::Float8_e4m3fn},
    {"fp8_e4m3fn", DType::Float8_e4m3fn},
    {"float8_e4m3", DType::Float8_e4m3fn},
    {"f8_e5m2", DType::Float8_e5m2},
    {"fp8_e5m2", DType::Float8_e5m2},
    {"u8", DType::Byte},
    {"i8", DType::Char},
    {"i16", DType::Short},
    {"short", DType::Short},
    {"i32", DType::Int},
    {"int", DType::Int},
    {"i64", DType::Long},
    {"long", DType::Long},
    {"chalf", DType::ComplexHalf},
    {"cfloat", DType::ComplexFloat},
    {"cdouble", DType::ComplexDouble},
};

constexpr bool is_indexed_by_dtype() {
  for (size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<size_t>(kTable[i].dtype) != i) return false;
  }
  return true;
}
static_assert(is_indexed_by_dtype());

const Entry& entry(DType dtype) {
  const auto index = static_cast<size_t>(dtype);
  if (index >= std::size(kTable)) {
    throw std::invalid_argument("dtype " + std::to_string(static_cast<int>(dtype)) + " is unknown here");
  }
  return kTable[index];
}

std::optional<DType> find(std::string_view Entry::*field, std::string_view word) {
  if (word.empty()) return std::nullopt;
  const auto* found = std::ranges::find(kTable, word, field);
  return found == std::end(kTable) ? std::nullopt : std::optional(found->dtype);
}

}  // namespace

size_t element_size(DType dtype) { return entry(dtype).size; }

bool is_complex(DType dtype) {
  return dtype == DType::ComplexHalf || dtype == DType::ComplexFloat || dtype == DType::ComplexDouble;
}

std::string_view dtype_name(DType dtype) { return entry(dtype).name; }

std::optional<DType> dtype_from_name(std::string_view name) { return find(&Entry::name, name); }

std::optional<DType> dtype_from_word(std::string_view word) {
  const std::string lower = small_letters(word);
  std::string_view name = lower;
  if (name.starts_with("torch.")) name.remove_prefix(6);
  const auto* alias = std::ranges::find(kAliases, name, &Alias::word);
  return alias == std::end(kAliases) ? dtype_from_name(name) : std::optional(alias->dtype);
}

std::optional<std::string_view> storage_class(DType dtype) {
  const std::string_view name = entry(dtype).storage;
  return name.empty() ? std::nullopt : std::optional(name);
}

std::optional<DType> dtype_from_storage_class(std::string_view name) { return find(&Entry::storage, name); }

}  // namespace torch_ext::formats
