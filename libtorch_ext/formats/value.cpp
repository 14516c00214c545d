#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : items) {
    const auto* text = name.as<std::string>();
    if (text && *text == key) return &value;
  }
  return nullptr;
}

void Dict::set(std::string_view key, Value value) {
  if (const Value* old = find(key)) {
    *const_cast<Value*>(old) = std::move(value);
  } else {
    items.emplace_back(key, std::move(value));
  }
}

const void* Value::identity() const {
  if (const auto* list = as<List>()) return list;
  if (const auto* tuple = as<Tuple>()) return tuple;
  if (const auto* dict = as<Dict>()) return dict;
  return as<Object>();
}

std::string Value::type_name() const {
  struct Namer {
    std::string operator()(None) const { return "NoneType"; }
    std::string operator()(bool) const { return "bool"; }
    std::string operator()(int64_t) const { return "int"; }
    std::string operator()(double) const { return "float"; }
    std::string operator()(const std::string&) const { return "str"; }
    std::string operator()(const Bytes&) const { return "bytes"; }
    std::string operator()(const BigInt&) const { return "int"; }
    std::string operator()(const std::shared_ptr<List>&) const { return "list"; }
    std::string operator()(const std::shared_ptr<Tuple>&) const { return "tuple"; }
    std::string operator()(const std::shared_ptr<Dict>& dict) const { return dict->ordered ? "OrderedDict" : "dict"; }
    std::string operator()(const std::shared_ptr<const Tensor>& tensor) const {
      return tensor->is_parameter ? "Parameter" : "Tensor";
    }
    std::string operator()(const std::shared_ptr<const Global>& global) const { return (*this)(*global); }
    std::string operator()(const Global& global) const { return global.module + "." + global.name; }
    std::string operator()(const std::shared_ptr<Object>& object) const { return (*this)(object->type); }
    std::string operator()(const std::shared_ptr<const Storage>&) const { return "Storage"; }
  };
  return std::visit(Namer{}, data_);
}

}  // namespace torch_ext::formats
