#include "libtorch_ext/optim/momentum.h"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <optional>
#include <type_traits>

namespace torch_ext {
namespace {

using torch::optim::OptimizerOptions;

// Calls `work` with the options as the class they are of; nothing for those without momentum.
template <class Result, class Base, class Work>
std::optional<Result> with_momentum_options(Base& options, const Work& work) {
  using torch::optim::AdamOptions, torch::optim::AdamWOptions, torch::optim::RMSpropOptions, torch::optim::SGDOptions;
  constexpr bool is_const = std::is_const_v<Base>;
  const auto as = [&]<class T>(std::type_identity<T>) {
    return dynamic_cast<std::conditional_t<is_const, const T, T>*>(&options);
  };
  if (auto* known = as(std::type_identity<MomentumOptions>())) return work(*known);
  if (auto* sgd = as(std::type_identity<SGDOptions>())) return work(*sgd);
  if (auto* rmsprop = as(std::type_identity<RMSpropOptions>())) return work(*rmsprop);
  if (auto* adamw = as(std::type_identity<AdamWOptions>())) return work(*adamw);
  if (auto* adam = as(std::type_identity<AdamOptions>())) return work(*adam);
  return std::nullopt;
}

template <class T>
constexpr bool kHasBetas = requires(const T& options) {
  options.betas();
};
template <class T>
constexpr bool kIsMomentumOptions = std::is_base_of_v<MomentumOptions, T>;

}  // namespace

MomentumKind momentum_kind(const OptimizerOptions& options) {
  const auto kind = with_momentum_options<MomentumKind>(options, []<class T>(const T& known) {
    if constexpr (kIsMomentumOptions<T>) {
      return known.momentum_kind();
    } else {
      return kHasBetas<T> ? MomentumKind::kBeta1 : MomentumKind::kMomentum;
    }
  });
  return kind.value_or(MomentumKind::kNone);
}

double get_momentum(const OptimizerOptions& options) {
  const auto momentum = with_momentum_options<double>(options, []<class T>(const T& known) {
    if constexpr (kIsMomentumOptions<T>) {
      return known.get_momentum();
    } else if constexpr (kHasBetas<T>) {
      return std::get<0>(known.betas());
    } else {
      return known.momentum();
    }
  });
  TORCH_CHECK_VALUE(momentum, "get_momentum: found options without momentum or betas");
  return *momentum;
}

void set_momentum(OptimizerOptions& options, double momentum) {
  const auto done = with_momentum_options<bool>(options, [&]<class T>(T& known) {
    if constexpr (kIsMomentumOptions<T>) {
      known.set_momentum(momentum);
    } else if constexpr (kHasBetas<T>) {
      known.betas({momentum, std::get<1>(known.betas())});
    } else {
      known.momentum(momentum);
    }
    return true;
  });
  TORCH_CHECK_VALUE(done, "set_momentum: found options without momentum or betas");
}

}  // namespace torch_ext
