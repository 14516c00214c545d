#include "libtorch_ext/formats/pickle/numpy_rebuild.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxDimensions = 64;  // NumPy's

constexpr std::pair<std::string_view, DType> kDTypes[] = {
    {"b1", DType::Bool},         {"i1", DType::Char},           {"i2", DType::Short},  {"i4", DType::Int},
    {"i8", DType::Long},         {"u1", DType::Byte},           {"u2", DType::UInt16}, {"u4", DType::UInt32},
    {"u8", DType::UInt64},       {"f2", DType::Half},           {"f4", DType::Float},  {"f8", DType::Double},
    {"c8", DType::ComplexFloat}, {"c16", DType::ComplexDouble},
};

struct Elements {
  DType dtype;
  bool is_big_endian;
};

const Value* item(const Tuple* tuple, size_t index) {
  return tuple && index < tuple->items.size() ? &tuple->items[index] : nullptr;
}

template <class T>
const T* item_as(const Tuple* tuple, size_t index) {
  const Value* value = item(tuple, index);
  return value ? value->as<T>() : nullptr;
}

bool is_array_module(std::string_view module, std::string_view name) {
  return module.starts_with("numpy.") &&
         (module == "numpy.core." + std::string(name) || module == "numpy._core." + std::string(name));
}

bool is_array_class(const Value* value) {
  const auto* type = value ? value->as<Global>() : nullptr;
  return type && type->module.starts_with("numpy") && (type->name == "ndarray" || type->name == "memmap");
}

/// numpy.dtype("f4", False, True) with the state (3, "<", …); ml_dtypes names a class: numpy.dtype(bfloat16).
std::optional<Elements> elements_of(const Value* value) {
  const auto* object = value ? value->as<Object>() : nullptr;
  if (!object || object->type.module != "numpy" || object->type.name != "dtype") return std::nullopt;
  const auto* state = object->state ? object->state->as<Tuple>() : nullptr;
  const auto* order = item_as<std::string>(state, 1);
  const bool is_big_endian = order && *order == ">";
  if (const auto* type = item_as<Global>(object->args.get(), 0)) {
    const auto dtype = type->module.starts_with("ml_dtypes") ? dtype_from_name(type->name) : std::nullopt;
    return dtype ? std::optional(Elements{*dtype, is_big_endian}) : std::nullopt;
  }
  const auto* word = item_as<std::string>(object->args.get(), 0);
  const auto* found =
      word ? std::ranges::find(kDTypes, *word, &std::pair<std::string_view, DType>::first) : std::end(kDTypes);
  if (found == std::end(kDTypes)) return std::nullopt;
  return Elements{found->second, is_big_endian};
}

/// Python 2 wrote bytes as str.
const std::string* bytes_in(const Value* value) {
  if (!value) return nullptr;
  if (const auto* bytes = value->as<Bytes>()) return &bytes->data;
  const auto* object = value->as<Object>();
  const bool is_array = object && object->type.module == "builtins" && object->type.name == "bytearray";
  return is_array ? bytes_in(item(object->args.get(), 0)) : value->as<std::string>();
}

/// (2, 3), or 6 alone.
std::optional<std::vector<int64_t>> shape_of(const Value* value) {
  const auto* sizes = value ? value->as<Tuple>() : nullptr;
  const auto* size = value ? value->as<int64_t>() : nullptr;
  if (size && *size >= 0) return std::vector{*size};
  if (!sizes || sizes->items.size() > kMaxDimensions) return std::nullopt;
  std::vector<int64_t> shape;
  for (size_t i = 0; i < sizes->items.size(); ++i) {
    const auto* one = item_as<int64_t>(sizes, i);
    if (!one || *one < 0) return std::nullopt;
    shape.push_back(*one);
  }
  return shape;
}

bool is_true(const Value* value) {
  const auto* flag = value ? value->as<bool>() : nullptr;
  const auto* number = value ? value->as<int64_t>() : nullptr;
  return (flag && *flag) || (number && *number != 0);
}

std::vector<std::byte> little_endian(const std::string& raw, Elements elements) {
  const auto from = std::as_bytes(std::span(raw));
  std::vector<std::byte> bytes(from.begin(), from.end());
  const size_t unit = element_size(elements.dtype) / (is_complex(elements.dtype) ? 2 : 1);
  if (!elements.is_big_endian || unit == 1) return bytes;
  for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(unit)) {
    std::reverse(at, at + static_cast<std::ptrdiff_t>(unit));
  }
  return bytes;
}

Tensor array(const std::vector<int64_t>& shape, Elements elements, bool is_fortran, const std::string& raw,
             Global function) {
  uint64_t size = element_size(elements.dtype);
  uint64_t reach = size;  // strides are computed as if no size were 0
  bool overflow = false;
  for (const int64_t count : shape) {
    overflow |= __builtin_mul_overflow(size, static_cast<uint64_t>(count), &size);
    overflow |= __builtin_mul_overflow(reach, std::max<uint64_t>(static_cast<uint64_t>(count), 1), &reach);
  }
  if (overflow || reach > INT64_MAX || size != raw.size()) {
    throw std::invalid_argument("an array of NumPy has " + std::to_string(raw.size()) + " bytes, its shape takes " +
                                (overflow ? "more than 2^64" : std::to_string(size)));
  }
  const auto owner = std::make_shared<const std::vector<std::byte>>(little_endian(raw, elements));
  auto storage = std::make_shared<Storage>(std::span<const std::byte>(*owner), owner);
  if (storage_class(elements.dtype)) storage->dtype = elements.dtype;
  Tensor tensor{.dtype = elements.dtype, .shape = shape, .storage = std::move(storage)};
  if (is_fortran) {
    tensor.stride = contiguous_stride({shape.rbegin(), shape.rend()});
    std::ranges::reverse(tensor.stride);
  } else {
    tensor.stride = contiguous_stride(shape);
  }
  tensor.attributes = std::make_shared<const TensorAttributes>(TensorAttributes{std::move(function), None()});
  return tensor;
}

/// state: (version, shape, dtype, is_fortran, bytes), without the version from NumPy before 1.0.
std::optional<Tensor> reconstructed(const Object& object) {
  const auto* state = object.state ? object.state->as<Tuple>() : nullptr;
  const bool is_complete = state && (state->items.size() == 4 || state->items.size() == 5);
  if (!is_complete || !is_array_class(item(object.args.get(), 0))) return std::nullopt;
  const size_t first = state->items.size() - 4;
  const auto shape = shape_of(item(state, first));
  const auto elements = elements_of(item(state, first + 1));
  const auto* raw = bytes_in(item(state, first + 3));
  if (!shape || !elements || !raw) return std::nullopt;
  return array(*shape, *elements, is_true(item(state, first + 2)), *raw, object.type);
}

}  // namespace

std::optional<Tensor> rebuild_numpy(const Object& object) {
  const auto& [module, name] = object.type;
  const Tuple* args = object.args.get();
  if (name == "_reconstruct" && is_array_module(module, "multiarray")) return reconstructed(object);
  if (name == "scalar" && is_array_module(module, "multiarray")) {
    const auto elements = elements_of(item(args, 0));
    const auto* raw = bytes_in(item(args, 1));
    return elements && raw ? std::optional(array({}, *elements, false, *raw, object.type)) : std::nullopt;
  }
  if (name == "_frombuffer" && is_array_module(module, "numeric")) {
    const auto* raw = bytes_in(item(args, 0));
    const auto elements = elements_of(item(args, 1));
    const auto shape = shape_of(item(args, 2));
    const auto* order = item_as<std::string>(args, 3);
    if (!raw || !elements || !shape) return std::nullopt;
    Global function{module.substr(0, module.rfind('.')) + ".multiarray", "_reconstruct"};
    return array(*shape, *elements, order && *order == "F", *raw, std::move(function));
  }
  return std::nullopt;
}

const Global* numpy_function(const Tensor& tensor) {
  const bool is_numpy = tensor.attributes && tensor.attributes->type.module.starts_with("numpy.");
  return is_numpy ? &tensor.attributes->type : nullptr;
}

std::optional<std::string_view> numpy_dtype(DType dtype) {
  const auto* found = std::ranges::find(kDTypes, dtype, &std::pair<std::string_view, DType>::second);
  return found == std::end(kDTypes) ? std::nullopt : std::optional(found->first);
}

}  // namespace torch_ext::formats
