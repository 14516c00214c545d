#include "libtorch_ext/formats/find_state_dict.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pickle/numpy_rebuild.h"
#include "libtorch_ext/formats/pytorch/python_module.h"

namespace torch_ext::formats {
namespace {

constexpr std::string_view kUsualKeys[] = {"model_state_dict", "model", "net", "weights", "module"};

/// A number of NumPy, as "best_accuracy" beside the state_dict may be, is no weight.
bool is_weight(const Value& value) {
  const auto* tensor = value.as<Tensor>();
  const Global* function = tensor ? numpy_function(*tensor) : nullptr;
  return tensor && !(function && tensor->shape.empty());
}

bool holds_tensors(const Value& value) {
  const auto* dict = value.as<Dict>();
  return dict && std::ranges::any_of(dict->items, [](const auto& item) {
           return item.first.template as<std::string>() && is_weight(item.second);
         });
}

FoundStateDict made_of(const Value& value, const std::string& key, const std::string& file) {
  if (is_module(value)) return {module_state_dict(value, file), key};
  if (value.as<Dict>()) return {value, key};
  throw FormatError(file, key.empty() ? "found a " + value.type_name() +
                                            ", expected a state_dict or a dictionary that has one under \"state_dict\""
                                      : key + ": found a " + value.type_name() + ", expected a state_dict");
}

std::vector<std::string> keys_of(const Dict& dict, bool (*is_candidate)(const Value&)) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict.items) {
    if (key.as<std::string>() && is_candidate(value)) keys.push_back(*key.as<std::string>());
  }
  return keys;
}

}  // namespace

FoundStateDict find_state_dict(const Value& root, const std::string& file, const std::optional<std::string>& key) {
  const auto* dict = root.as<Dict>();
  if (key) {
    if (const Value* value = dict ? dict->find(*key) : nullptr) return made_of(*value, *key, file);
    const auto keys = dict ? keys_of(*dict, [](const Value&) { return true; }) : std::vector<std::string>();
    throw FormatError(file, "expected the key \"" + *key + "\", found " +
                                (dict ? "the keys " + quoted_list(keys) : "a " + root.type_name()));
  }
  const Value* under = dict ? dict->find("state_dict") : nullptr;
  if (under && (under->as<Dict>() || is_module(*under))) return made_of(*under, "state_dict", file);
  if (!dict || holds_tensors(root)) return made_of(root, "", file);

  auto keys = keys_of(*dict, [](const Value& value) { return holds_tensors(value) || is_module(value); });
  const auto candidates = keys;
  if (keys.size() > 1) {
    std::erase_if(keys, [](const auto& name) { return std::ranges::find(kUsualKeys, name) == std::end(kUsualKeys); });
  }
  if (keys.size() == 1) return made_of(*dict->find(keys[0]), keys[0], file);
  if (candidates.empty()) return {root, ""};
  throw FormatError(
      file, "found dictionaries of tensors under " + quoted_list(candidates) + ", expected one: say which by its key");
}

}  // namespace torch_ext::formats
