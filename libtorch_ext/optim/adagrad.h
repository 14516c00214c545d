#pragma once

#include <torch/optim/adagrad.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// Python's arguments of Adagrad; LibTorch's class with `maximize`.
struct AdagradOptions : OptionsOf<AdagradOptions, torch::optim::AdagradParamState, torch::optim::AdagradOptions> {
  using Base = torch::optim::AdagradOptions;
  AdagradOptions(double lr = 1e-2) : OptionsOf(Base(lr)) {}
  AdagradOptions(const Base& base) : OptionsOf(base) {}

  TORCH_EXT_INHERITED_ARG(double, Base, lr)
  TORCH_EXT_INHERITED_ARG(double, Base, lr_decay)
  TORCH_EXT_INHERITED_ARG(double, Base, weight_decay)
  TORCH_EXT_INHERITED_ARG(double, Base, initial_accumulator_value)
  TORCH_EXT_INHERITED_ARG(double, Base, eps)
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "Adagrad"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, torch::optim::AdagradParamState& state) const;
  bool has_state_at_once() const override { return true; }
};

/// Adagrad (Duchi et al., 2011) with the arithmetic of Python's `torch.optim.Adagrad`: the same weights to the last
/// bit. Sparse gradients are taken, without weight decay, as in Python.
class Adagrad : public OptimizerOf<AdagradOptions, torch::optim::AdagradOptions> {
 public:
  explicit Adagrad(std::vector<torch::optim::OptimizerParamGroup> groups, AdagradOptions defaults = {});
  explicit Adagrad(std::vector<at::Tensor> parameters, AdagradOptions defaults = {});

 private:
  torch::optim::AdagradParamState& own_state(const at::Tensor& parameter, const AdagradOptions& options);
  void update(at::Tensor& parameter, const at::Tensor& grad, const AdagradOptions& options) override;
};

}  // namespace torch_ext
