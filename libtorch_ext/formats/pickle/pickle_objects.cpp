#include "libtorch_ext/formats/pickle/pickle_objects.h"

#include <optional>
#include <stdexcept>
#include <string>

#include "libtorch_ext/formats/pickle/numpy_rebuild.h"
#include "libtorch_ext/formats/pickle/pickle_text.h"
#include "libtorch_ext/formats/pickle/tensor_rebuild.h"

namespace torch_ext::formats {
namespace {

bool is(const Global& global, std::string_view module, std::string_view name) {
  return global.name == name && global.module == module;
}

/// Bytes that a copy of `value` takes beyond itself: Python would refer to it once more.
size_t copied_size(const Value& value) {
  if (const auto* text = value.as<std::string>()) return text->size();
  if (const auto* bytes = value.as<Bytes>()) return bytes->data.size();
  if (const auto* number = value.as<BigInt>()) return number->little_endian.size();
  return 0;
}

[[noreturn]] void fail(const std::string& problem) { throw std::invalid_argument(problem); }

/// How protocol 2 writes Python's bytes that are not empty: _codecs.encode("…", "latin1").
std::optional<Value> encoded_bytes(const Tuple& args) {
  if (args.items.size() != 2) return std::nullopt;
  const auto* text = args.items[0].as<std::string>();
  const auto* encoding = args.items[1].as<std::string>();
  if (!text || !encoding || (*encoding != "latin1" && *encoding != "latin-1")) return std::nullopt;
  return Bytes{latin1_from_utf8(*text)};
}

/// Functions that return their first argument: TorchScript notes a list's or dict's type with them.
bool is_tag(const Global& function) {
  if (function.module != "torch.jit._pickle") return false;
  return function.name == "restore_type_tag" ||
         (function.name.starts_with("build_") && function.name.ends_with("list"));
}

/// How protocols before 4 name a class in a class: getattr(module.Outer, "Inner").
std::optional<Value> nested_name(const Tuple& args) {
  if (args.items.size() != 2) return std::nullopt;
  const auto* outer = args.items[0].as<Global>();
  const auto* inner = args.items[1].as<std::string>();
  if (!outer || !inner) return std::nullopt;
  return Global{outer->module, outer->name + "." + *inner};
}

}  // namespace

void append_pairs(std::vector<std::pair<Value, Value>>& out, std::span<Value> keys_and_values) {
  if (keys_and_values.size() % 2 != 0) fail("a dict has a key without a value");
  for (size_t i = 0; i < keys_and_values.size(); i += 2) {
    out.emplace_back(std::move(keys_and_values[i]), std::move(keys_and_values[i + 1]));
  }
}

/// Pays for bytes that are copied where Python would share them.
void PickleObjects::charge(size_t bytes) {
  if (bytes > copies_left_) fail("long values are repeated too often");
  copies_left_ -= bytes;
}

Value PickleObjects::copy(const Value& value) {
  if (!arrays_.empty()) {
    const auto known = arrays_.find(value.as<Object>());
    if (known != arrays_.end()) return known->second;
  }
  charge(copied_size(value));
  return value;
}

std::vector<Value> PickleObjects::copy_all(const std::vector<Value>& values) {
  charge(values.size() * sizeof(Value));
  std::vector<Value> copies;
  copies.reserve(values.size());
  for (const Value& value : values) copies.push_back(copy(value));
  return copies;
}

std::shared_ptr<Dict> PickleObjects::make_dict(std::span<Value> keys_and_values) {
  auto dict = std::make_shared<Dict>();
  arena_.add(dict);
  append_pairs(dict->items, keys_and_values);
  return dict;
}

std::shared_ptr<Object> PickleObjects::make_object(Global type, std::vector<Value> args) {
  auto object = std::make_shared<Object>();
  arena_.add(object);
  object->type = std::move(type);
  object->args = make<Tuple>(std::move(args));
  return object;
}

Value PickleObjects::reduce(const Value& callee, const Value& args) {
  const auto* tuple = args.as<Tuple>();
  if (!tuple) fail("a call's arguments are " + args.type_name() + ", a tuple is expected");
  const auto* function = callee.as<Global>();
  if (!function) {
    // Calls the result of another call: kept in Python's own words for that.
    auto call_args = copy_all(tuple->items);
    call_args.insert(call_args.begin(), callee);
    return make_object({"operator", "call"}, std::move(call_args));
  }
  return call(*function, std::get<std::shared_ptr<Tuple>>(args.variant()));
}

Value PickleObjects::call(const Global& function, const std::shared_ptr<Tuple>& args) {
  if (is(function, "collections", "OrderedDict")) return ordered_dict(*args);
  if (is(function, "builtins", "bytes") && args->items.empty()) return Bytes{};
  if (is(function, "_codecs", "encode")) {
    if (auto bytes = encoded_bytes(*args)) return *std::move(bytes);
  }
  if (is(function, "builtins", "getattr")) {
    if (auto nested = nested_name(*args)) return copy(*nested);
  }
  if (is(function, "copyreg", "_reconstructor") && args->items.size() == 3) {
    if (auto object = reconstructed(args->items)) return object;
  }
  if (is_tag(function) && !args->items.empty()) return args->items[0];
  if (is(function, "torch.storage", "_load_from_bytes") && load_bytes_ && args->items.size() == 1) {
    if (const auto* bytes = args->items[0].as<Bytes>()) return load_bytes_(*bytes);
  }
  if (auto tensor = rebuild_tensor(function, *args)) return *std::move(tensor);
  auto object = std::make_shared<Object>();
  arena_.add(object);
  object->type = function;
  object->args = args;
  return finished(object);
}

/// The object, or the array of NumPy that it has become.
Value PickleObjects::finished(const std::shared_ptr<Object>& object) {
  if (!object->type.module.starts_with("numpy.")) return object;
  auto tensor = rebuild_numpy(*object);
  if (!tensor) return object;
  charge(tensor->storage->size());
  return arrays_[object.get()] = *std::move(tensor);
}

/// copyreg._reconstructor(class, base, state): how protocols 0 and 1 make an object; state is what its base class
/// holds.
std::shared_ptr<Object> PickleObjects::reconstructed(const std::vector<Value>& args) {
  const auto* type = args[0].as<Global>();
  const auto* base = args[1].as<Global>();
  if (!type || !base || base->module != "builtins") return nullptr;
  const auto* list = args[2].as<List>();
  const auto* dict = args[2].as<Dict>();
  const bool has_value = !list && !dict && base->name != "object";
  auto object = make_object(*type, has_value ? std::vector<Value>{args[2]} : std::vector<Value>());
  object->made = Object::Made::kNewObj;
  if (list) object->list_items = copy_all(list->items);
  for (const auto& [key, item] :
       dict ? std::span<const std::pair<Value, Value>>(dict->items) : std::span<const std::pair<Value, Value>>()) {
    charge(2 * sizeof(Value));
    object->dict_items.emplace_back(copy(key), copy(item));
  }
  return object;
}

Value PickleObjects::new_object(const Value& type, const Value& args, const Value* kwargs) {
  const auto* global = type.as<Global>();
  const bool has_args = args.as<Tuple>() && (!kwargs || kwargs->as<Dict>());
  if (!global || !has_args) fail("an object is made of " + type.type_name() + " and " + args.type_name());
  if (auto tensor = kwargs ? std::nullopt : rebuild_tensor(*global, *args.as<Tuple>())) return *std::move(tensor);
  auto object = std::make_shared<Object>();
  arena_.add(object);
  object->type = *global;
  object->made = Object::Made::kNewObj;
  object->args = std::get<std::shared_ptr<Tuple>>(args.variant());
  if (kwargs) object->kwargs = std::get<std::shared_ptr<Dict>>(kwargs->variant());
  return object;
}

Value PickleObjects::instance(std::vector<Value> type_and_args) {
  if (type_and_args.empty()) fail("an object is made without a class");
  const Value type = std::move(type_and_args.front());
  type_and_args.erase(type_and_args.begin());
  return reduce(type, make<Tuple>(std::move(type_and_args)));
}

Value PickleObjects::ordered_dict(const Tuple& args) {
  std::vector<Value> keys_and_values;
  // Python 2 gives the items to the constructor, as a list of [key, value].
  const auto* items = args.items.empty() ? nullptr : args.items[0].as<List>();
  if (args.items.size() > 1 || (!args.items.empty() && !items)) fail("an OrderedDict is not made of a list of items");
  if (items) charge(2 * items->items.size() * sizeof(Value));
  for (const Value& item : items ? std::span<const Value>(items->items) : std::span<const Value>()) {
    const auto* list = item.as<List>();
    const auto* tuple = item.as<Tuple>();
    if (!list && !tuple) fail("an item of an OrderedDict is " + item.type_name() + ", a key and a value are expected");
    const auto& parts = list ? list->items : tuple->items;
    if (parts.size() != 2)
      fail("an item of an OrderedDict has " + std::to_string(parts.size()) + " parts, 2 are expected");
    for (const Value& part : parts) keys_and_values.push_back(copy(part));
  }
  auto dict = make_dict(keys_and_values);
  dict->ordered = true;
  return dict;
}

void PickleObjects::build(Value& target, const Value& state) {
  if (auto* object = target.as<Object>()) {
    if (object->state) fail("an object receives its state twice");
    object->state = std::make_shared<Value>(state);
    target = finished(std::get<std::shared_ptr<Object>>(target.variant()));
    return;
  }
  if (const auto* tensor = target.as<Tensor>()) {
    Tensor changed = *tensor;
    if (set_tensor_state(changed, state)) return void(target = std::move(changed));
  }
  auto* dict = target.as<Dict>();
  const auto* attributes = state.as<Dict>();
  if (!dict || !dict->ordered || !attributes) {
    fail("a " + target.type_name() + " receives " + state.type_name() + " as its state");
  }
  charge(2 * attributes->items.size() * sizeof(Value));
  for (const auto& [name, value] : attributes->items) {
    const auto* text = name.as<std::string>();
    if (!text) fail("an attribute's name is " + name.type_name() + ", str is expected");
    dict->attributes.emplace_back(*text, copy(value));
  }
}

}  // namespace torch_ext::formats
