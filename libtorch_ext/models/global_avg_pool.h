#pragma once

#include <torch/nn/modules/pooling.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <optional>
#include <string>

#include "libtorch_ext/inspect/extra_repr.h"

namespace torch_ext {

/// Python's `AdaptiveAvgPool2d(1)`, which prints `output_size=1`, not `(1, 1)`.
class GlobalAvgPool2dImpl : public torch::nn::AdaptiveAvgPool2dImpl, public ClassName, public ExtraRepr {
 public:
  GlobalAvgPool2dImpl() : AdaptiveAvgPool2dImpl(1) {}

  std::string class_name() const override { return "AdaptiveAvgPool2d"; }
  std::string extra_repr() const override { return "output_size=1"; }
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& = std::nullopt) const override {
    return std::make_shared<GlobalAvgPool2dImpl>(*this);
  }
};
TORCH_MODULE(GlobalAvgPool2d);

}  // namespace torch_ext
