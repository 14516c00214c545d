#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/flat_state.h"
#include "libtorch_ext/formats/value_children.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxListed = 10;

struct Class {
  std::string_view module;
  std::string_view names;  // each between spaces; empty: all of the module
};

// Whose instances read well as text.
constexpr Class kPlainClasses[] = {
    {"builtins", " set frozenset complex slice range xrange Ellipsis "},
    {"torch", " Size device "},
    {"torch.torch_version", " TorchVersion "},
    {"collections", ""},
    {"datetime", ""},
    {"pathlib", ""},
    {"decimal", ""},
    {"fractions", ""},
    {"uuid", ""},
};

bool is_plain_class(const Global& type) {
  return std::ranges::any_of(kPlainClasses, [&](const Class& plain) {
    const bool has_name = plain.names.empty() || plain.names.find(" " + type.name + " ") != std::string_view::npos;
    return type.module == plain.module && has_name;
  });
}

std::string class_name(const Global& type) { return type.module + "." + type.name; }

const Value* argument(const Object& object, size_t index) {
  return object.args && index < object.args->items.size() ? &object.args->items[index] : nullptr;
}

/// "U5" of the array or scalar, where it can be found.
std::string numpy_dtype_of(const Object& object) {
  std::string found;
  const auto look = [&](const Value& value) {
    const auto* part = value.as<Object>();
    const auto* word =
        part && part->type.name == "dtype" && argument(*part, 0) ? argument(*part, 0)->as<std::string>() : nullptr;
    if (word) found = *word;
  };
  if (object.args) for_each_child(Value(object.args), look);
  if (object.state) for_each_child(*object.state, look);
  return found;
}

/// What a tensor that is no view of a storage, or an array that is no tensor, is called.
std::optional<std::string> special(const Object& object) {
  const auto& [module, name] = object.type;
  if (module.starts_with("torch.nn.parameter") && name.starts_with("Uninitialized")) {
    return "a lazy module's parameter without a shape yet, " + name;
  }
  if (module == "torch._tensor" && name.starts_with("_rebuild_from_type")) {
    const Value* value = argument(object, 1);
    const auto* type = value ? value->as<Global>() : nullptr;
    const bool is_nested = type && type->module.starts_with("torch.nested");
    return is_nested ? "a nested tensor" : "a tensor of the class " + (type ? class_name(*type) : "?");
  }
  if (module.starts_with("numpy.") || module == "numpy") {
    const std::string dtype = numpy_dtype_of(object);
    return "a value of NumPy" + (dtype.empty() ? ", " + class_name(object.type) : " with the dtype '" + dtype + "'");
  }
  if (module != "torch._utils") return std::nullopt;
  if (name == "_rebuild_nested_tensor") return "a nested tensor, made by " + name;
  if (name == "_rebuild_sparse_tensor") return "a sparse tensor, made by " + name;
  if (name.starts_with("_rebuild_meta_tensor")) return "a tensor on the meta device, which has no elements";
  return "a tensor made by " + name;
}

/// Whether an object's parts are no values of their own: a function made it of them.
bool is_whole(const Object& object) {
  if (special(object)) return true;
  const bool is_call = object.made == Object::Made::kReduce && object.args && !is_plain_class(object.type) &&
                       object.type.module != "torch.return_types";
  return is_call && std::ranges::any_of(object.args->items, [](const Value& item) { return item.as<Tensor>(); });
}

/// Why no text stands for a value; nothing where one does.
class Misfit {
 public:
  std::optional<std::string> of(const Value& value) {
    if (const auto* tensor = value.as<Tensor>()) {
      const bool is_quantized = tensor->quantizer || c10::isQIntType(tensor->dtype);
      return is_quantized ? std::optional("a quantized tensor, " + std::string(dtype_name(tensor->dtype)))
                          : std::nullopt;
    }
    if (value.as<std::shared_ptr<const Storage>>()) return "a storage without a tensor";
    if (value.as<Bytes>()) return "bytes";
    if (const auto* number = value.as<BigInt>(); number && number->little_endian.size() > 16) {
      return "an int of more than 128 bits";
    }
    if (const auto* object = value.as<Object>()) {
      if (auto what = special(*object)) return what;
      if (object->type.module == "builtins" && object->type.name == "bytearray") return "bytes";
      if (!is_plain_class(object->type)) return "an instance of " + class_name(object->type);
      if (object->type.module == "datetime") return std::nullopt;  // made of bytes
    }
    if (const void* id = value.identity(); !id || !seen_.insert(id).second) return std::nullopt;
    std::optional<std::string> what;
    for_each_child(value, [&](const Value& child) {
      if (!what) what = of(child);
    });
    return what;
  }

 private:
  std::unordered_set<const void*> seen_;
};

}  // namespace

FlatValues flat_values(const Value& root) {
  FlatValues result;
  for (auto& value : named_values(root, is_whole)) {
    if (auto what = Misfit().of(value.value))
      result.unfit.push_back({std::move(value.name), *std::move(what)});
    else
      result.fit.push_back(std::move(value));
  }
  return result;
}

std::string listed(const std::vector<Unfit>& unfit) {
  std::string text;
  for (size_t i = 0; i < std::min(unfit.size(), kMaxListed); ++i) {
    text += (i ? ", " : "") + (unfit[i].name.empty() ? "the root" : unfit[i].name) + " (" + unfit[i].what + ")";
  }
  if (unfit.size() > kMaxListed) text += " and " + std::to_string(unfit.size() - kMaxListed) + " more";
  return text;
}

}  // namespace torch_ext::formats
