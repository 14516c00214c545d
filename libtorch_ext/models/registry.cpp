#include "libtorch_ext/models/registry.h"

#include <map>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/models/alexnet.h"
#include "libtorch_ext/models/densenet.h"
#include "libtorch_ext/models/lenet.h"
#include "libtorch_ext/models/mlp.h"
#include "libtorch_ext/models/mobilenet_v2.h"
#include "libtorch_ext/models/mobilenet_v3.h"
#include "libtorch_ext/models/resnet.h"
#include "libtorch_ext/models/resnet9.h"
#include "libtorch_ext/models/vgg.h"
#include "libtorch_ext/models/vision_transformer.h"

namespace torch_ext {
namespace {

std::map<std::string, ModelFactory>& registry() {
  static std::map<std::string, ModelFactory> factories{
      {"alexnet", alexnet},
      {"densenet121", densenet121},
      {"densenet161", densenet161},
      {"densenet169", densenet169},
      {"densenet201", densenet201},
      {"lenet", lenet},
      {"mlp", mlp},
      {"mobilenet_v2", mobilenet_v2},
      {"mobilenet_v3_large", mobilenet_v3_large},
      {"mobilenet_v3_small", mobilenet_v3_small},
      {"resnet9", resnet9},
      {"resnet18", resnet18},
      {"resnet34", resnet34},
      {"resnet50", resnet50},
      {"resnet101", resnet101},
      {"resnet152", resnet152},
      {"resnext50_32x4d", resnext50_32x4d},
      {"resnext101_32x8d", resnext101_32x8d},
      {"resnext101_64x4d", resnext101_64x4d},
      {"wide_resnet50_2", wide_resnet50_2},
      {"wide_resnet101_2", wide_resnet101_2},
      {"vgg11", vgg11},
      {"vgg11_bn", vgg11_bn},
      {"vgg13", vgg13},
      {"vgg13_bn", vgg13_bn},
      {"vgg16", vgg16},
      {"vgg16_bn", vgg16_bn},
      {"vgg19", vgg19},
      {"vgg19_bn", vgg19_bn},
      {"vit_b_16", vit_b_16},
      {"vit_b_32", vit_b_32},
      {"vit_h_14", vit_h_14},
      {"vit_l_16", vit_l_16},
      {"vit_l_32", vit_l_32},
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
