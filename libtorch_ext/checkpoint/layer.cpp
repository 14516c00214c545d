#include "libtorch_ext/checkpoint/layer.h"

#include <torch/nn/module.h>

#include <typeindex>
#include <unordered_map>

#include "libtorch_ext/inspect/printed_as.h"

namespace torch_ext::detail {
namespace {

const std::vector<Layer>& all_layers() {
  static const std::vector<Layer> all = [] {
    std::vector<Layer> layers;
    for (const auto family : {activation_layers, convolution_layers, linear_layers, normalization_layers,
                              padding_layers, pooling_layers, shape_layers}) {
      for (Layer& layer : family()) layers.push_back(std::move(layer));
    }
    return layers;
  }();
  return all;
}

}  // namespace

const Layer* layer_of(std::string_view class_name) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const Layer*> map;
    for (const Layer& layer : all_layers()) map.emplace(layer.type.name, &layer);
    return map;
  }();
  const auto found = by_name.find(class_name);
  return found == by_name.end() ? nullptr : found->second;
}

const Layer* layer_of(const torch::nn::Module& module) {
  static const auto by_impl = [] {
    std::unordered_map<std::type_index, const Layer*> map;
    for (const Layer& layer : all_layers()) map.emplace(layer.impl, &layer);
    return map;
  }();
  const auto* printed = dynamic_cast<const PrintedAs*>(&module);
  const auto found = by_impl.find(printed ? printed->layer_class() : std::type_index(typeid(module)));
  return found == by_impl.end() ? nullptr : found->second;
}

}  // namespace torch_ext::detail
