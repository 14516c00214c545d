#include "libtorch_ext/models/registry.h"

#include <map>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/models/resnet.h"

namespace torch_ext {
namespace {

std::map<std::string, ModelFactory>& registry() {
  static std::map<std::string, ModelFactory> factories{
      {"resnet18", resnet18},
      {"resnet34", resnet34},
  };
  return factories;
}

}  // namespace

TensorModule create_model(const std::string& name, const ModelOptions& options) {
  const auto found = registry().find(name);
  TORCH_CHECK_VALUE(found != registry().end(), "found the model \"", name, "\", expected one of ",
                    quoted_list(model_names()), did_you_mean(name, model_names()));
  return found->second(options);
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : registry()) names.push_back(name);
  return names;
}

bool register_model(const std::string& name, ModelFactory factory) {
  const bool is_new = registry().emplace(name, std::move(factory)).second;
  TORCH_CHECK_VALUE(is_new, "the model \"", name, "\" is registered already");
  return true;
}

}  // namespace torch_ext
