#include "libtorch_ext/formats/tensor_rebuild.h"

#include <stdexcept>
#include <string>

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

bool is_marked(const Tuple& args, size_t index) {
  if (index >= args.items.size()) return false;
  const auto* metadata = args.items[index].as<Dict>();
  return metadata && !metadata->items.empty();
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

/// (function, type, args, attributes): a tensor that carries Python attributes.
std::optional<Tensor> with_attributes(const Tuple& args) {
  if (args.items.size() != 4) return std::nullopt;
  const auto* function = args.items[0].as<Global>();
  const auto* type = args.items[1].as<Global>();
  const auto* inner = args.items[2].as<Tuple>();
  const bool is_plain =
      type && (type->name == "Tensor" || type->name == "Parameter") && type->module.starts_with("torch");
  if (!function || !inner || !is_plain || function->name == "_rebuild_from_type_v2") return std::nullopt;
  return rebuild_tensor(*function, *inner);
}

}  // namespace

std::optional<Tensor> rebuild_tensor(const Global& function, const Tuple& args) {
  if (function.module == "torch._tensor" && function.name == "_rebuild_from_type_v2") return with_attributes(args);
  if (function.module != "torch._utils" || !function.name.starts_with("_rebuild_")) return std::nullopt;
  if (function.name == "_rebuild_parameter" || function.name == "_rebuild_parameter_with_state") {
    return parameter(args);
  }
  const bool is_v3 = function.name == "_rebuild_tensor_v3";
  const bool is_v2 = function.name == "_rebuild_tensor_v2";
  if (!is_v3 && !is_v2 && function.name != "_rebuild_tensor") return std::nullopt;
  if (is_marked(args, is_v3 ? 7 : 6)) return std::nullopt;

  Tensor tensor = view(args);
  if (is_v2 || is_v3) tensor.requires_grad = argument<bool>(args, 4, "a bool");
  if (is_v3) tensor.dtype = dtype_of(args, 6);
  check_bounds(tensor);
  return tensor;
}

}  // namespace torch_ext::formats
