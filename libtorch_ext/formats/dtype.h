#pragma once

#include <torch/headeronly/core/ScalarType.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace torch_ext::formats {

/// LibTorch's own enumeration, from its header-only part: no library is needed to use it.
using DType = c10::ScalarType;

/// Bytes an element takes: 4 for `DType::Float`.
size_t element_size(DType dtype);

/// Whether an element is two numbers: its real part and its imaginary part.
bool is_complex(DType dtype);

/// Python's word: "float32", "bfloat16", "int64", "bool", "float8_e4m3fn", …
std::string_view dtype_name(DType dtype);

/// The dtype of Python's word ("float32"), or nothing.
std::optional<DType> dtype_from_name(std::string_view name);

/// The dtype of any word that people use for it: Python's, also as "torch.float16", and "half", "fp16", "f16", "bf16",
/// "float", "double", "long", "fp8_e4m3", …, in letters of either case. Nothing for other words.
std::optional<DType> dtype_from_word(std::string_view word);

/// The storage class that PyTorch's files name: "FloatStorage" for float32.
/// Nothing for dtypes that have none (uint16, uint32, uint64, float8…): those are saved through UntypedStorage.
std::optional<std::string_view> storage_class(DType dtype);
std::optional<DType> dtype_from_storage_class(std::string_view name);

}  // namespace torch_ext::formats
