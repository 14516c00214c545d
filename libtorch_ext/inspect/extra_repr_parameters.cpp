#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

// Python names no other devices.
std::string device(const at::Tensor& tensor) {
  return when(tensor.is_cuda() || tensor.is_privateuseone(), python_format(" ({})", tensor.device().str()));
}

// Python's list names the dtype, its dictionary the legacy type of the tensor.
std::string dtype(const at::Tensor& tensor) { return "torch." + c10::getDtypeNames(tensor.scalar_type()).first; }
std::string legacy_type(const at::Tensor& tensor) {
  return python_format("torch.{}{}Tensor", when(tensor.is_cuda(), "cuda."), toString(tensor.scalar_type()));
}

template <typename Type>
std::string list_parameters(const torch::nn::Module& module, Type type) {
  std::vector<std::string> lines;
  for (const auto& item : module.named_parameters(/*recurse=*/false)) {
    const auto& tensor = item.value();
    lines.push_back(python_format("  ({}): Parameter containing: [{} of size {}{}]", item.key(), type(tensor),
                                  c10::Join("x", tensor.sizes()), device(tensor)));
  }
  return c10::Join("\n", lines);
}

}  // namespace

std::optional<std::string> parameters_extra(const torch::nn::Module& module) {
  if (dynamic_cast<const torch::nn::ParameterListImpl*>(&module)) return list_parameters(module, dtype);
  if (dynamic_cast<const torch::nn::ParameterDictImpl*>(&module)) return list_parameters(module, legacy_type);
  return std::nullopt;
}

}  // namespace torch_ext::detail
