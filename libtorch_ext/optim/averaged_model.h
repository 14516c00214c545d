#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace torch_ext {

/// How the averages are made.
enum class Averaging {
  kSwa,  ///< the mean of all updates: stochastic weight averaging (Izmailov et al., UAI 2018); Python's default
  kEma,  ///< decay * average + (1 - decay) * weights: Python's `get_ema_multi_avg_fn(decay)`
};

/// How the decay of `kEma` grows at the start, so that the random weights at the beginning are soon forgotten.
enum class DecayWarmup {
  kNone,
  kPower,        ///< min(decay, 1 - (1 + updates / warmup)^-(2/3)): timm's `ModelEmaV3`, whose `warmup` is 1
  kExponential,  ///< decay * (1 - exp(-updates / warmup)): ultralytics' `ModelEMA`, whose `warmup` is 2000
};

struct AveragedModelOptions {
  Averaging averaging = Averaging::kSwa;
  double decay = 0.999;      ///< of `kEma`, in [0, 1]; 0.9999 for long trainings
  bool use_buffers = false;  ///< whether buffers are averaged, too; else they are the model's as of the last update
  DecayWarmup decay_warmup = DecayWarmup::kNone;
  double warmup = 0;                      ///< in updates; 0: timm's 1, ultralytics' 2000
  std::optional<at::Device> device = {};  ///< where the averages are; none: each beside its weight
};

/// The decay after so many updates: what the warm-up leaves of `options.decay`.
double ema_decay(const AveragedModelOptions& options, int64_t updates);

/// Averages of a model's weights: Python's `torch.optim.swa_utils.AveragedModel`, with the same numbers and the same
/// state_dict, `n_averaged` and `module.*`.
///
/// Takes a module of any class, because it keeps copies of the tensors, under the same names, and no forward: to
/// compute with the averages, put them into the model. Tied weights are averaged once and stay tied.
///
/// ```cpp
/// tx::AveragedModel ema(*model, {.averaging = tx::Averaging::kEma, .decay = 0.9999});
/// for (…) { …; optimizer.step(); ema.update_parameters(*model); }
/// {
///   tx::AveragedWeights averaged(ema, *model);  // until the end of the block
///   evaluate(model);
/// }
/// tx::save(tx::state_dict(ema), "ema.pt");      // Python's AveragedModel loads it
/// tx::load_state_dict(ema, tx::load("ema.pt"));
/// ```
class AveragedModel : public torch::nn::Module {
 public:
  /// Starts from copies of the weights and buffers. Throws a `c10::ValueError` for a decay or a warm-up out of range.
  explicit AveragedModel(const torch::nn::Module& model, AveragedModelOptions options = {});

  /// Averages the present weights in; the first time it copies them. Throws a `c10::ValueError` where `model` hasn't
  /// the tensors of the first one.
  void update_parameters(const torch::nn::Module& model);

  /// Updates so far.
  int64_t n_averaged() const;
  const AveragedModelOptions& options() const { return options_; }

  /// Exchanges the averages with the weights and buffers of `model`, in place; again: as before.
  void swap(torch::nn::Module& model);
  /// Puts the averages into `model`, in place, for good.
  void copy_to(torch::nn::Module& model) const;

 private:
  AveragedModelOptions options_;
  std::vector<at::Tensor> parameters_, buffers_;  // in the order of the model's, each once
  at::Tensor n_averaged_;
};

/// While it lives, `model` computes with the averages; at its end it has its own weights and buffers again.
class AveragedWeights {
 public:
  AveragedWeights(AveragedModel& averaged, torch::nn::Module& model) : averaged_(averaged), model_(model) {
    averaged_.swap(model_);
  }
  ~AveragedWeights() { averaged_.swap(model_); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  AveragedModel& averaged_;
  torch::nn::Module& model_;
};

}  // namespace torch_ext
