#pragma once

#include <ATen/core/grad_mode.h>
#include <ATen/ops/view_as_real.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <c10/util/Type.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "libtorch_ext/optim/described_options.h"

namespace torch_ext {

/// What this library's optimizers have in common: `step()` updates each parameter that has a gradient, group by group.
/// `Options` is the class of every group's options, with Python's `name()` of the optimizer and a `check()` that
/// throws `c10::ValueError` for those that Python refuses. Where a group has LibTorch's `LibTorchOptions`, they are
/// turned into `Options`.
template <class Options, class LibTorchOptions = Options>
class OptimizerOf : public torch::optim::Optimizer {
 public:
  at::Tensor step(LossClosure closure = nullptr) final {
    const at::NoGradGuard no_grad;
    at::Tensor loss;
    if (closure) {
      const at::AutoGradMode enable_grad(true);
      loss = closure();
    }
    begin_step();
    for (auto& group : param_groups_) {
      Options& options = own_options(group);
      begin_group(group, options);
      for (auto& parameter : group.params()) {
        if (const at::Tensor& grad = parameter.grad(); grad.defined()) update(parameter, grad, options);
      }
    }
    return loss;
  }

 protected:
  OptimizerOf(std::vector<torch::optim::OptimizerParamGroup> groups, Options defaults)
      : Optimizer(groups, std::make_unique<Options>(defaults)) {
    defaults.check();
    for (auto& group : param_groups_) own_options(group).check();
  }

  /// Before the first parameter of a step.
  virtual void begin_step() {}
  /// Before the first parameter of a group.
  virtual void begin_group(const torch::optim::OptimizerParamGroup&, Options&) {}
  /// Updates one parameter, under no_grad.
  virtual void update(at::Tensor& parameter, const at::Tensor& grad, const Options& options) = 0;

  /// The state of `parameter`; `start` fills one that is new.
  template <class State, class Start>
  State& state_of(const at::Tensor& parameter, const Start& start) {
    auto& entry = state_[parameter.unsafeGetTensorImpl()];
    if (!entry) {
      auto made = std::make_unique<State>();
      start(*made);
      entry = std::move(made);
    }
    return static_cast<State&>(*entry);
  }

  static at::Tensor zeros_like(const at::Tensor& parameter) {
    return at::zeros_like(parameter, parameter.options(), at::MemoryFormat::Preserve);
  }
  static void check_dense(const at::Tensor& grad) {
    TORCH_CHECK_VALUE(!grad.is_sparse(), Options::name(), ": found a sparse gradient, expected a dense one");
  }

 private:
  static Options& own_options(torch::optim::OptimizerParamGroup& group) {
    if (auto* options = dynamic_cast<Options*>(&group.options())) return *options;
    if constexpr (!std::is_same_v<Options, LibTorchOptions>) {
      if (const auto* options = dynamic_cast<const LibTorchOptions*>(&group.options())) {
        group.set_options(std::make_unique<Options>(*options));
        return static_cast<Options&>(group.options());
      }
    }
    TORCH_CHECK_VALUE(false, Options::name(), ": found a group with ", c10::demangle(typeid(group.options()).name()),
                      ", expected ", c10::demangle(typeid(Options).name()));
  }
};

/// The constructors of an optimizer that derives from `OptimizerOf`.
#define TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Class, Options)                                               \
  explicit Class(std::vector<torch::optim::OptimizerParamGroup> groups, Options defaults = {})         \
      : OptimizerOf(std::move(groups), std::move(defaults)) {}                                         \
  explicit Class(std::vector<at::Tensor> parameters, Options defaults = {})                            \
      : Class({torch::optim::OptimizerParamGroup(std::move(parameters))}, std::move(defaults)) {}

/// Python's `torch.view_as_real` where the tensor is complex.
inline at::Tensor real_view(const at::Tensor& tensor) {
  return tensor.defined() && tensor.is_complex() ? at::view_as_real(tensor) : tensor;
}

}  // namespace torch_ext
