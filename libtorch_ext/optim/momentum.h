#pragma once

namespace torch::optim {
class OptimizerOptions;
}  // namespace torch::optim

namespace torch_ext {

/// Where an optimizer's options keep what schedules cycle as momentum.
enum class MomentumKind {
  kNone,      ///< nowhere: Adagrad, LBFGS
  kMomentum,  ///< Python's group["momentum"]: SGD, RMSprop
  kBeta1,     ///< Python's group["betas"][0]: Adam, AdamW
};

/// What further option classes derive from beside `OptimizerCloneableOptions`, so that `OneCycleLR` and `CyclicLR` can
/// cycle their momentum; most easily by `WithMomentum` or `WithBeta1`.
class MomentumOptions {
 public:
  virtual ~MomentumOptions() = default;
  virtual MomentumKind momentum_kind() const = 0;
  virtual double get_momentum() const = 0;
  virtual void set_momentum(double momentum) = 0;
};

/// For options with `double momentum()` and `momentum(double)`.
///
///     struct MyOptions : OptimizerCloneableOptions<MyOptions>, WithMomentum<MyOptions> { TORCH_ARG(double, momentum);
///     };
template <class Options>
class WithMomentum : public MomentumOptions {
 public:
  MomentumKind momentum_kind() const override { return MomentumKind::kMomentum; }
  double get_momentum() const override { return static_cast<const Options&>(*this).momentum(); }
  void set_momentum(double momentum) override { static_cast<Options&>(*this).momentum(momentum); }
};

/// For options with `betas()` and `betas({beta1, beta2})`, a `std::tuple<double, double>`.
template <class Options>
class WithBeta1 : public MomentumOptions {
 public:
  MomentumKind momentum_kind() const override { return MomentumKind::kBeta1; }
  double get_momentum() const override {
    const auto [beta1, beta2] = static_cast<const Options&>(*this).betas();
    return beta1;
  }
  void set_momentum(double momentum) override {
    auto& options = static_cast<Options&>(*this);
    const auto [beta1, beta2] = options.betas();
    options.betas({momentum, beta2});
  }
};

/// Knows LibTorch's own option classes and those that derive from `MomentumOptions`; `kNone` for others.
MomentumKind momentum_kind(const torch::optim::OptimizerOptions& options);
/// The momentum or the first beta. Throws `c10::ValueError` where there is none.
double get_momentum(const torch::optim::OptimizerOptions& options);
/// Sets the momentum, or the first beta and leaves the second. Throws `c10::ValueError` where there is none.
void set_momentum(torch::optim::OptimizerOptions& options, double momentum);

}  // namespace torch_ext
