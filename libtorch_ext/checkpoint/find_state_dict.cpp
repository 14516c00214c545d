#include "libtorch_ext/checkpoint/find_state_dict.h"

#include <algorithm>
#include <array>
#include <vector>

#include "libtorch_ext/checkpoint/error.h"

namespace torch_ext {
namespace {

constexpr std::array<std::string_view, 5> kUsualKeys = {"model_state_dict", "model", "net", "weights", "module"};

bool holds_tensors(const Value& value) {
  const auto* dict = value.as<formats::Dict>();
  return dict && std::any_of(dict->items.begin(), dict->items.end(), [](const auto& item) {
           return item.first.template as<std::string>() && item.second.template as<formats::Tensor>();
         });
}

FoundStateDict under(const LoadedFile& file, const std::string& key) {
  const Value& value = file.at(key);
  if (value.as<formats::Dict>()) return {value, key};
  throw CheckpointError(file.path, key + ": found " + described(value) + ", expected a state_dict");
}

FoundStateDict only_one(const LoadedFile& file, const std::vector<std::string>& keys) {
  if (keys.size() == 1) return under(file, keys[0]);
  std::vector<std::string> usual;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(usual), [](const std::string& key) {
    return std::find(kUsualKeys.begin(), kUsualKeys.end(), key) != kUsualKeys.end();
  });
  if (usual.size() == 1) return under(file, usual[0]);
  std::string listed;
  for (const auto& key : keys) listed += (listed.empty() ? "" : ", ") + ("\"" + key + "\"");
  throw CheckpointError(file.path, "found dictionaries of tensors under " + listed +
                                       ", expected one: name the one to load by LoadOptions::key");
}

}  // namespace

FoundStateDict find_state_dict(const LoadedFile& file, const std::optional<std::string>& key) {
  if (key) return under(file, *key);
  const auto* root = file.root.as<formats::Dict>();
  if (!root) {
    throw CheckpointError(file.path, "found " + described(file.root) +
                                         ", expected a state_dict or a dictionary that has one under \"state_dict\"");
  }
  if (const Value* inner = root->find("state_dict"); inner && inner->as<formats::Dict>()) return {*inner, "state_dict"};
  if (holds_tensors(file.root)) return {file.root, ""};
  std::vector<std::string> keys;
  for (const auto& [name, value] : root->items) {
    if (name.as<std::string>() && holds_tensors(value)) keys.push_back(*name.as<std::string>());
  }
  return keys.empty() ? FoundStateDict{file.root, ""} : only_one(file, keys);
}

}  // namespace torch_ext
