#pragma once

#include <torch/optim/optimizer.h>

#include <memory>
#include <utility>

#include "libtorch_ext/optim/optimizer_fields.h"

namespace torch_ext {

/// What an optimizer's options derive from beside LibTorch's `OptimizerOptions`, so that `optimizer_state_dict` and
/// `load_optimizer_state_dict` know the optimizer; most easily by `OptionsOf`.
class DescribedOptions {
 public:
  virtual ~DescribedOptions() = default;

  /// Goes through the options in the order of Python's `param_groups`.
  virtual void describe(OptimizerFields& fields) = 0;
  /// The empty state of one parameter.
  virtual std::unique_ptr<torch::optim::OptimizerParamState> make_state() const = 0;
  /// Goes through the entries of a state that `make_state` made. False where it holds nothing afterwards.
  virtual bool describe_state(OptimizerFields& fields, torch::optim::OptimizerParamState& state) const = 0;
  /// Whether each parameter has a state from the beginning, not from its first gradient.
  virtual bool has_state_at_once() const { return false; }
};

/// The options of an optimizer whose parameters have a `State` each. `Derived` has an `lr()` of LibTorch's kind,
/// `describe(fields)` and `describe_entries(fields, State&)`, which returns false for a state that holds nothing.
/// `Base` is LibTorch's class of options for the same optimizer, where there is one: a `Derived` then serves wherever
/// that is asked for.
template <class Derived, class State, class Base = torch::optim::OptimizerOptions>
class OptionsOf : public Base, public DescribedOptions {
 public:
  using Base::Base;
  OptionsOf() = default;
  explicit OptionsOf(Base base) : Base(std::move(base)) {}

  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
  double get_lr() const override { return static_cast<const Derived&>(*this).lr(); }
  void set_lr(const double lr) override { static_cast<Derived&>(*this).lr(lr); }

  std::unique_ptr<torch::optim::OptimizerParamState> make_state() const override { return std::make_unique<State>(); }
  bool describe_state(OptimizerFields& fields, torch::optim::OptimizerParamState& state) const override {
    return static_cast<const Derived&>(*this).describe_entries(fields, static_cast<State&>(state));
  }
};

/// A setter and the getters of the base class's option `name`; the setter returns the derived class, so that calls
/// can be chained.
#define TORCH_EXT_INHERITED_ARG(Type, Base, name)        \
  using Base::name;                                      \
  auto name(const Type& value) -> decltype(*this) {      \
    Base::name(value);                                   \
    return *this;                                        \
  }                                                      \
  auto name(Type&& value) -> decltype(*this) {           \
    Base::name(std::move(value));                        \
    return *this;                                        \
  }

}  // namespace torch_ext
