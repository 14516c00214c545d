#include "libtorch_ext/formats/pytorch/python_module.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pytorch/module_walk.h"

namespace torch_ext::formats {
namespace {

const Dict* dict_in(const Dict& dict, std::string_view key) {
  const Value* value = dict.find(key);
  return value ? value->as<Dict>() : nullptr;
}

bool is_graph_module(const Object& object) {
  return object.type.module == "torch.fx.graph_module" && object.type.name == "reduce_graph_module";
}

/// What torch.compile(model) returns: OptimizedModule(model, …), pickled by its arguments.
const Value* compiled_module(const Value& value) {
  const auto* object = value.as<Object>();
  const bool is_compiled = object && object->type.module == "torch._dynamo.eval_frame" &&
                           object->type.name == "OptimizedModule" && object->args && !object->args->items.empty();
  return is_compiled ? &object->args->items[0] : nullptr;
}

/// The `__dict__` of the object in Python, where it is a module's.
const Dict* module_attributes(const Value& value) {
  const auto* object = value.as<Object>();
  if (!object) return nullptr;
  const Value* state = object->state.get();
  if (is_graph_module(*object) && object->args && !object->args->items.empty()) state = &object->args->items[0];
  const auto* dict = state ? state->as<Dict>() : nullptr;
  const bool is_complete =
      dict && dict_in(*dict, "_parameters") && dict_in(*dict, "_buffers") && dict_in(*dict, "_modules");
  return is_complete ? dict : nullptr;
}

std::string_view python_class_name(const Object& object, const Dict& attributes) {
  if (is_graph_module(object)) {
    const Value* name = attributes.find("_graphmodule_cls_name");
    const auto* text = name ? name->as<std::string>() : nullptr;
    return text ? std::string_view(*text) : "GraphModule";
  }
  const std::string_view qualified = object.type.name;
  return qualified.substr(qualified.rfind('.') + 1);
}

std::vector<PythonModule::Part> parts(const Dict& attributes, std::string_view key) {
  std::vector<PythonModule::Part> result;
  for (const auto& [name, value] : dict_in(attributes, key)->items) {
    const auto* text = name.as<std::string>();
    if (!text) throw std::invalid_argument("a name in " + std::string(key) + " is " + name.type_name());
    result.push_back({*text, &value});
  }
  return result;
}

/// The items of a Python set, {"builtins", "set"} made of one list; null where the file has none.
const List* non_persistent_buffers(const PythonModule& module) {
  const Value* names = module.attribute("_non_persistent_buffers_set");
  const auto* set = names ? names->as<Object>() : nullptr;
  return set && set->args && set->args->items.size() == 1 ? set->args->items[0].as<List>() : nullptr;
}

/// Collects a state_dict, module by module.
class Collector {
 public:
  Dict run(const Value& root) {
    module(root);
    return std::move(dict_);
  }

 private:
  void module(const Value& value) {
    const ModuleWalk::Level level(walk_);
    const PythonModule module(value);
    walk_.charge(ModuleWalk::kLook * module.attributes().items.size() + module.parameters().size() +
                 module.buffers().size());
    if (const List* names = non_persistent_buffers(module)) walk_.charge(4 * ModuleWalk::kLook * names->items.size());
    if (module.type().module.find(".quantized") != std::string::npos) check_attributes(module);
    for (const auto& part : module.parameters()) tensor(part);
    for (const auto& part : module.persistent_buffers()) tensor(part);
    for (const auto& [name, child] : module.children()) {
      const size_t length = prefix_.size();
      prefix_ += name;
      if (walk_.is_module(*child)) {
        prefix_ += '.';
        this->module(*child);
      } else {
        refuse_tensors(*child);
      }
      prefix_.resize(length);
    }
  }

  /// Quantized modules keep their weights in attributes, packed by code that the file doesn't hold.
  void check_attributes(const PythonModule& module) const {
    for (const auto& [key, value] : module.attributes().items) {
      const auto* name = key.as<std::string>();
      const bool is_part = name && (*name == "_parameters" || *name == "_buffers" || *name == "_modules");
      if (!is_part) refuse_tensors(value, &module.type());
    }
  }

  /// Throws where there are tensors in what is no module: they would be lost.
  void refuse_tensors(const Value& value, const Global* type = nullptr) const {
    if (value.is_none() || named_tensors(value).empty()) return;
    throw std::invalid_argument((prefix_.empty() ? "the model" : prefix_) + " is a " +
                                (type ? type->module + "." + type->name : value.type_name()) +
                                ", which keeps tensors in a way of its own; save the model's state_dict in Python");
  }

  void tensor(const PythonModule::Part& part) {
    if (part.value->is_none()) return;
    walk_.charge(128 + prefix_.size() + part.name.size());
    std::string name = prefix_ + std::string(part.name);
    dict_.items.emplace_back(std::move(name), detached(*part.value));
  }

  static Value detached(const Value& value) {
    const auto* parameter = value.as<Tensor>();
    if (!parameter) return value;
    Tensor tensor = *parameter;
    tensor.is_parameter = tensor.requires_grad = false;
    return tensor;
  }

  ModuleWalk walk_;
  std::string prefix_;
  Dict dict_{.ordered = true};
};

}  // namespace

bool is_module(const Value& value) {
  const Value* compiled = compiled_module(value);
  return compiled ? is_module(*compiled) : module_attributes(value) != nullptr;
}

const Value* find_module(const Value& root) {
  if (is_module(root)) return &root;
  const auto* dict = root.as<Dict>();
  for (const char* key : {"model", "state_dict"}) {
    const Value* value = dict ? dict->find(key) : nullptr;
    if (value && is_module(*value)) return value;
  }
  return nullptr;
}

PythonModule::PythonModule(const Value& value) : attributes_(module_attributes(value)) {
  static const Dict kNoAttributes;
  if (const Value* compiled = compiled_module(value)) {
    type_ = &value.as<Object>()->type;
    class_name_ = type_->name;
    attributes_ = &kNoAttributes;
    children_.push_back({"_orig_mod", compiled});
    return;
  }
  if (!attributes_) throw std::invalid_argument("found a " + value.type_name() + ", a torch.nn.Module is expected");
  const auto& object = *value.as<Object>();
  type_ = &object.type;
  class_name_ = python_class_name(object, *attributes_);
  parameters_ = parts(*attributes_, "_parameters");
  buffers_ = parts(*attributes_, "_buffers");
  children_ = parts(*attributes_, "_modules");
}

bool PythonModule::is(std::string_view torch_nn_class) const {
  return class_name_ == torch_nn_class && type_->module.starts_with("torch.nn.modules.");
}

std::vector<PythonModule::Part> PythonModule::persistent_buffers() const {
  std::unordered_set<std::string_view> left_out;
  if (const List* names = buffers_.empty() ? nullptr : non_persistent_buffers(*this)) {
    for (const Value& name : names->items) {
      if (const auto* text = name.as<std::string>()) left_out.insert(*text);
    }
  }
  std::vector<Part> result;
  std::ranges::copy_if(buffers_, std::back_inserter(result),
                       [&](const Part& buffer) { return !left_out.contains(buffer.name); });
  return result;
}

Dict module_state_dict(const Value& value, const std::string& file) {
  try {
    return Collector().run(value);
  } catch (const std::logic_error& error) {
    throw FormatError(file, error.what());
  }
}

}  // namespace torch_ext::formats
