#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "libtorch_ext/checkpoint/layer_attributes.h"
#include "libtorch_ext/checkpoint/layer_literals.h"
#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/printed_as.h"
#include "libtorch_ext/nn/tensor_module.h"

/// The layers that Python's torch.nn and LibTorch share: one description each, for building and for writing.
namespace torch_ext::detail {

/// A class of torch.nn that maps a tensor to a tensor, and its LibTorch namesake.
struct Layer {
  /// Python's: {"torch.nn.modules.conv", "Conv2d"}.
  formats::Global type;
  /// LibTorch's: `torch::nn::Conv2dImpl`.
  std::type_index impl;
  /// A new module with the options of the pickled one; its parameters and buffers have the right shapes.
  /// Throws `std::invalid_argument` or `c10::Error`.
  std::function<TensorModule(const formats::PythonModule& python)> build;
  /// Python's attributes of a module of the class `impl`, and those of its buffers that are None.
  std::function<void(const torch::nn::Module& module, formats::Dict& attributes, formats::Dict& buffers)> write;
  /// Makes `tensor` itself a parameter of a module of the class `impl`: tied weights are one tensor.
  std::function<void(torch::nn::Module& module, const std::string& name, const at::Tensor& tensor)> set_parameter;
};

std::vector<Layer> activation_layers();
std::vector<Layer> convolution_layers();
std::vector<Layer> linear_layers();
std::vector<Layer> normalization_layers();
std::vector<Layer> padding_layers();
std::vector<Layer> pooling_layers();
std::vector<Layer> shape_layers();

/// The description of Python's class of that name, or null.
const Layer* layer_of(std::string_view class_name);
/// The description of the module's class, or null; a class derived from one of LibTorch's has none.
const Layer* layer_of(const torch::nn::Module& module);

/// The parameters that a module registered, with those that are undefined (Python's None).
struct Registered : torch::nn::Module {
  using torch::nn::Module::parameters_;
  static auto& parameters_of(torch::nn::Module& module) { return module.*(&Registered::parameters_); }
};

/// `type` is the class in torch.nn.modules: "conv.Conv2d". `blank` are the options that the file's are put into;
/// `fields(python, options)` lists them (layer_attributes.h); `make` makes the module of them.
template <typename Impl, typename Options, typename Fields, typename Make>
Layer layer(std::string_view type, Options blank, Fields fields, Make make) {
  const auto dot = type.find('.');
  return {
      .type = {"torch.nn.modules." + std::string(type.substr(0, dot)), std::string(type.substr(dot + 1))},
      .impl = typeid(Impl),
      .build = [=](const formats::PythonModule& python) -> TensorModule {
        const LayerReader reader(python);
        Options options = blank;
        fields(reader, options);
        const std::shared_ptr<Impl> module = make(options);
        const std::string extra = extra_repr(*module), literals = with_literals(extra, python);
        if (literals == extra) return module;
        return std::make_shared<PrintedAsImpl<Impl>>(*module, literals);
      },
      .write =
          [=](const torch::nn::Module& module, formats::Dict& attributes, formats::Dict& buffers) {
            LayerWriter writer(attributes, buffers);
            if constexpr (requires(const Impl& impl) { impl.options; }) {
              Options options = static_cast<const Impl&>(module).options;
              fields(writer, options);
            } else {
              fields(writer, blank);
            }
          },
      .set_parameter =
          [](torch::nn::Module& module, const std::string& name, const at::Tensor& tensor) {
            [[maybe_unused]] auto& impl = static_cast<Impl&>(module);
            if constexpr (requires { impl.weight; }) {
              if (name == "weight") impl.weight = tensor;
            }
            if constexpr (requires { impl.bias; }) {
              if (name == "bias") impl.bias = tensor;
            }
            Registered::parameters_of(module)[name] = tensor;
          },
  };
}

template <typename Impl, typename Options, typename Fields>
Layer layer(std::string_view type, Options blank, Fields fields) {
  return layer<Impl>(type, std::move(blank), std::move(fields),
                     [](const Options& options) { return std::make_shared<Impl>(options); });
}

/// A layer without options.
template <typename Impl>
Layer layer(std::string_view type) {
  return layer<Impl>(
      type, std::monostate(), [](const auto&, const auto&) {}, [](const auto&) { return std::make_shared<Impl>(); });
}

}  // namespace torch_ext::detail
