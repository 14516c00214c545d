#include "libtorch_ext/formats/find_state_dict.h"

#include <algorithm>

namespace torch_ext::formats {
namespace {

constexpr const char* kUsualKeys[] = {"state_dict", "model_state_dict", "model_state", "model",
                                      "net",        "network",          "weights",     "params"};

bool holds_tensors(const Dict& dict) {
  return std::ranges::any_of(dict.items, [](const auto& item) { return item.second.template as<Tensor>() != nullptr; });
}

}  // namespace

StateDictPlace find_state_dict(const Value& root) {
  const auto* dict = root.as<Dict>();
  if (!dict) return {"", nullptr};
  for (const char* key : kUsualKeys) {
    const Value* value = dict->find(key);
    const auto* inner = value ? value->as<Dict>() : nullptr;
    if (inner && holds_tensors(*inner)) return {key, inner};
  }
  return {"", dict};
}

}  // namespace torch_ext::formats
