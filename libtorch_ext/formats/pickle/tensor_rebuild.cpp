#include "libtorch_ext/formats/pickle/tensor_rebuild.h"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace torch_ext::formats {
namespace {

template <class T>
const T& argument(const Tuple& args, size_t index, const char* expected) {
  const T* value = index < args.items.size() ? args.items[index].as<T>() : nullptr;
  if (!value) {
    throw std::invalid_argument("argument " + std::to_string(index) + " of a tensor is " +
                                (index < args.items.size() ? args.items[index].type_name() : "missing") + ", " +
                                expected + " is expected");
  }
  return *value;
}

std::vector<int64_t> integers(const Tuple& args, size_t index) {
  const Tuple* numbers = index < args.items.size() ? args.items[index].as<Tuple>() : nullptr;
  if (index < args.items.size()) {
    // torch.Size((2, 3))
    const auto* size = args.items[index].as<Object>();
    if (size && size->args && size->args->items.size() == 1) numbers = size->args->items[0].as<Tuple>();
  }
  if (!numbers) numbers = &argument<Tuple>(args, index, "a tuple of integers");
  std::vector<int64_t> result;
  result.reserve(numbers->items.size());
  for (size_t i = 0; i < numbers->items.size(); ++i) result.push_back(argument<int64_t>(*numbers, i, "an integer"));
  return result;
}

DType dtype_of(const Tuple& args, size_t index) {
  const auto& global = argument<Global>(args, index, "a dtype");
  const auto dtype = dtype_from_name(global.name);
  if (global.module != "torch" || !dtype) {
    throw std::invalid_argument("found " + global.module + "." + global.name + ", a dtype is expected");
  }
  return *dtype;
}

bool is(const Global& global, std::string_view module, std::string_view name) {
  return global.name == name && global.module == module;
}

/// The marks of a tensor whose elements were not computed when it was saved: {"conj": True}, {"neg": True}.
bool is_marked(const Tuple& args, size_t index, std::string_view mark) {
  const auto* marks = index < args.items.size() ? args.items[index].as<Dict>() : nullptr;
  const Value* value = marks ? marks->find(mark) : nullptr;
  const auto* flag = value ? value->as<bool>() : nullptr;
  return flag && *flag;
}

/// A storage of floating-point numbers of `size` bytes, the sign of each from `first` on flipped in steps of `step`.
std::shared_ptr<const Storage> flipped(std::shared_ptr<const Storage> storage, size_t size, size_t first, size_t step) {
  auto result = std::make_shared<Storage>(storage->size(), [storage, size, first, step] {
    const auto from = storage->bytes();
    std::vector<std::byte> bytes(from.begin(), from.end());
    for (size_t at = first + size - 1; at < bytes.size(); at += step) bytes[at] ^= std::byte{0x80};
    return bytes;
  });
  result->location = storage->location;
  result->dtype = storage->dtype;
  return result;
}

/// Does what the tensor's marks say that has yet to be done.
void resolve_marks(Tensor& tensor, const Tuple& args, size_t index) {
  const size_t size = element_size(tensor.dtype);
  const size_t part = is_complex(tensor.dtype) ? size / 2 : size;
  const bool is_conjugated = is_complex(tensor.dtype) && is_marked(args, index, "conj");
  if (is_conjugated) tensor.storage = flipped(tensor.storage, part, part, size);
  if (is_marked(args, index, "neg")) tensor.storage = flipped(tensor.storage, part, 0, part);
}

/// What all versions begin with: (storage, offset, size, stride).
Tensor view(const Tuple& args) {
  Tensor tensor;
  tensor.storage = argument<std::shared_ptr<const Storage>>(args, 0, "a storage");
  tensor.dtype = tensor.storage->dtype.value_or(DType::Byte);
  tensor.storage_offset = argument<int64_t>(args, 1, "an integer");
  tensor.shape = integers(args, 2);
  tensor.stride = integers(args, 3);
  return tensor;
}

std::optional<Tensor> parameter(const Tuple& args) {
  const auto* data = args.items.empty() ? nullptr : args.items[0].as<Tensor>();
  if (!data) return std::nullopt;
  Tensor tensor = *data;
  tensor.requires_grad = argument<bool>(args, 1, "a bool");
  tensor.is_parameter = true;
  return tensor;
}

bool is_wrapper(const Global& type) {
  return is(type, "torch.nn.parameter", "Parameter") || is(type, "torch.autograd.variable", "Variable") ||
         is(type, "torch.autograd", "Variable");
}

/// Gives `tensor` a class and the state that Python's torch._utils._set_obj_state takes. False for any other state.
bool set_attributes(Tensor& tensor, const Global& type, const Value& state) {
  const auto* dict = state.as<Dict>();
  if (!dict && !state.as<Tuple>() && !state.is_none()) return false;
  const bool is_plain = is(type, "torch", "Tensor") || is(type, "torch._tensor", "Tensor") || is_wrapper(type);
  const bool is_empty = state.is_none() || (dict && dict->items.empty());
  if (is_plain && is_empty) return true;
  if (tensor.attributes) return false;
  tensor.attributes = std::make_shared<const TensorAttributes>(TensorAttributes{type, state});
  return true;
}

/// (data, requires_grad, hooks, state).
std::optional<Tensor> parameter_with_state(const Tuple& args) {
  auto tensor = parameter(args);
  if (!tensor || args.items.size() != 4) return std::nullopt;
  if (!set_attributes(*tensor, {"torch.nn.parameter", "Parameter"}, args.items[3])) return std::nullopt;
  return tensor;
}

void check_channels(const Tensor& tensor, const Quantizer& quantizer) {
  const auto dimensions = static_cast<int64_t>(tensor.shape.size());
  const bool has_axis = quantizer.axis >= 0 && quantizer.axis < dimensions;
  const int64_t channels = has_axis ? tensor.shape[static_cast<size_t>(quantizer.axis)] : -1;
  if (quantizer.scales.numel() == channels && quantizer.zero_points.numel() == channels) return;
  throw std::invalid_argument("a tensor of " + std::to_string(dimensions) + " dimensions is quantized along axis " +
                              std::to_string(quantizer.axis) + " with " + std::to_string(quantizer.scales.numel()) +
                              " scales and " + std::to_string(quantizer.zero_points.numel()) +
                              " zero points, one of each for every index is expected");
}

/// (storage, offset, size, stride, how it is quantized, requires_grad, hooks).
std::optional<Tensor> quantized(const Tuple& args) {
  Tensor tensor = view(args);
  const auto& how = argument<Tuple>(args, 4, "a tuple");
  const auto& scheme = argument<Global>(how, 0, "a scheme of quantization");
  auto quantizer = std::make_shared<Quantizer>();
  quantizer->scheme = scheme.name;
  const bool is_per_channel = scheme.name == "per_channel_affine" || scheme.name == "per_channel_affine_float_qparams";
  // Several elements share a byte in the types quint4x2 and quint2x4.
  if (tensor.dtype == DType::QUInt4x2 || tensor.dtype == DType::QUInt2x4) return std::nullopt;
  if (is_per_channel) {
    if (how.items.size() != 4 || !how.items[1].as<Tensor>() || !how.items[2].as<Tensor>()) return std::nullopt;
    quantizer->scales = *how.items[1].as<Tensor>();
    quantizer->zero_points = *how.items[2].as<Tensor>();
    quantizer->axis = argument<int64_t>(how, 3, "an integer");
  } else if (scheme.name == "per_tensor_affine") {
    quantizer->scale = argument<double>(how, 1, "a number");
    quantizer->zero_point = argument<int64_t>(how, 2, "an integer");
  } else {
    return std::nullopt;
  }
  tensor.requires_grad = argument<bool>(args, 5, "a bool");
  check_bounds(tensor);
  if (is_per_channel) check_channels(tensor, *quantizer);
  tensor.quantizer = std::move(quantizer);
  return tensor;
}

/// (function, type, args, state): a tensor with a class or attributes of its own.
std::optional<Tensor> with_attributes(const Tuple& args) {
  if (args.items.size() != 4) return std::nullopt;
  const auto* function = args.items[0].as<Global>();
  const auto* type = args.items[1].as<Global>();
  const auto* inner = args.items[2].as<Tuple>();
  if (!function || !type || !inner || function->name.starts_with("_rebuild_from_type")) return std::nullopt;
  auto tensor = rebuild_tensor(*function, *inner);
  if (!tensor || !set_attributes(*tensor, *type, args.items[3])) return std::nullopt;
  return tensor;
}

/// Parameter(data, requires_grad), Variable(data): how PyTorch before 0.4 pickled them.
std::optional<Tensor> wrapped(const Global& type, const Tuple& args) {
  const auto* data = args.items.empty() ? nullptr : args.items[0].as<Tensor>();
  if (!data) return std::nullopt;
  Tensor tensor = *data;
  tensor.is_parameter = type.name == "Parameter";
  const auto* requires_grad = args.items.size() > 1 ? args.items[1].as<bool>() : nullptr;
  tensor.requires_grad = requires_grad ? *requires_grad : tensor.is_parameter;
  return tensor;
}

}  // namespace

std::optional<Tensor> rebuild_tensor(const Global& function, const Tuple& args) {
  if (is_wrapper(function)) return wrapped(function, args);
  const bool is_tensor_module = function.module == "torch._tensor" || function.module == "torch.tensor";
  if (is_tensor_module && function.name.starts_with("_rebuild_from_type")) return with_attributes(args);
  if (function.module != "torch._utils" || !function.name.starts_with("_rebuild_")) return std::nullopt;
  if (function.name == "_rebuild_parameter") return parameter(args);
  if (function.name == "_rebuild_parameter_with_state") return parameter_with_state(args);
  if (function.name == "_rebuild_qtensor") return quantized(args);
  const bool is_v3 = function.name == "_rebuild_tensor_v3";
  const bool is_v2 = function.name == "_rebuild_tensor_v2";
  if (!is_v3 && !is_v2 && function.name != "_rebuild_tensor") return std::nullopt;

  Tensor tensor = view(args);
  if (is_v2 || is_v3) tensor.requires_grad = argument<bool>(args, 4, "a bool");
  if (is_v3) tensor.dtype = dtype_of(args, 6);
  check_bounds(tensor);
  resolve_marks(tensor, args, is_v3 ? 7 : 6);
  return tensor;
}

bool set_tensor_state(Tensor& tensor, const Value& state) {
  const auto* parts = state.as<Tuple>();
  const bool is_variable = parts && (parts->items.size() == 3 || parts->items.size() == 5);
  if (is_variable) {
    // (requires_grad, volatile, hooks) or (data, gradient, hooks, requires_grad, volatile)
    const auto* requires_grad = parts->items[parts->items.size() == 3 ? 0 : 3].as<bool>();
    if (requires_grad) tensor.requires_grad = *requires_grad;
    return requires_grad;
  }
  const Global parameter{"torch.nn.parameter", "Parameter"};
  return set_attributes(tensor, tensor.is_parameter ? parameter : Global{"torch", "Tensor"}, state);
}

}  // namespace torch_ext::formats
