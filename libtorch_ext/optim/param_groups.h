#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <concepts>
#include <optional>
#include <string>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

/// Parameter groups by rules: which parameters learn at which rate, with which weight decay, or not at all.
///
/// ```cpp
/// auto plan = tx::plan_param_groups(*model, {
///     {.kind = tx::ParamKind::kVector, .weight_decay = 0},  // biases and normalisation: no decay
///     {.match = "fc.*", .lr_scale = 10},                    // the new head learns faster
///     {.match = "layer1.*", .freeze = true},
/// });
/// torch::optim::AdamWOptions options(1e-3);
/// tx::AdamW optimizer(tx::make_param_groups(plan.groups, options), options);
/// tx::optimizer_state_dict(optimizer, writer, {.param_names = tx::param_names(plan.groups)});
/// ```
namespace torch_ext {

/// What a rule asks of a parameter besides its name.
enum class ParamKind {
  kAny,
  kBias,  ///< the last part of its name is `bias`
  kNorm,  ///< the class of the module that holds it has `Norm` in its name: `BatchNorm2d`, `LayerNorm`, `RMSNorm`, …
  kVector,  ///< at most one dimension, or `kBias`: what timm takes out of weight decay
};

/// Applies to each parameter whose name matches and that is of the kind. Where several rules apply, each setting (the
/// learning rate, the weight decay, freezing) comes from the **first** of them that has it.
struct ParamGroupRule {
  std::string match = "*";  ///< a glob of the parameter's dotted name, in which `*` stands for dots, too
  ParamKind kind = ParamKind::kAny;
  std::optional<double> lr = {};            ///< this rate, whatever the optimizer's
  std::optional<double> lr_scale = {};      ///< times the optimizer's rate; not together with `lr`
  std::optional<double> weight_decay = {};  ///< none: the optimizer's
  std::optional<bool> freeze = {};          ///< true: in no group, `requires_grad` becomes false; false: exempts it
};

/// Parameters that are treated alike.
struct PlannedGroup {
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  std::optional<double> lr;            ///< none: the optimizer's
  double lr_scale = 1;                 ///< times that
  std::optional<double> weight_decay;  ///< none: the optimizer's
};

struct ParamGroupPlan {
  std::vector<PlannedGroup> groups;  ///< by their first parameters, in the module's order
  std::vector<std::string> frozen;   ///< by rules, or because they didn't require gradients before
};

/// Sorts the parameters of `module` into groups, each once, by its first name; those that no rule applies to are in a
/// group with the optimizer's settings. Those that don't require gradients are left out.
///
/// Throws a `c10::ValueError` for a rule that applies to no parameter, naming its glob and the nearest name, for one
/// with both rates, and for negative numbers. Nothing has been frozen then.
ParamGroupPlan plan_param_groups(torch::nn::Module& module, const std::vector<ParamGroupRule>& rules);

/// No weight decay for biases and normalisation: timm's `param_groups_weight_decay`.
std::vector<ParamGroupRule> no_weight_decay_rules();

struct LayerDecayOptions {
  double decay = 0.75;  ///< from one stage to the one before it
  /// The globs of each stage's parameters, from the input to the output. Parameters of no stage count to the last.
  /// Empty: each child of the module that has parameters is a stage, and the module's own are in the first.
  std::vector<std::vector<std::string>> stages = {};
};

/// The nearer to the input, the slower: `lr_scale` = decay^(last stage - stage), as in BEiT and timm's
/// `param_groups_layer_decay`. Follow it by `no_weight_decay_rules()`, precede it by exceptions.
///
///     tx::layer_decay_rules(*resnet, {.stages = {{"conv1.*", "bn1.*"}, {"layer1.*"}, {"layer2.*"}, {"layer3.*"},
///                                                {"layer4.*"}, {"fc.*"}}})
std::vector<ParamGroupRule> layer_decay_rules(const torch::nn::Module& module, const LayerDecayOptions& options = {});

/// The names of each group's parameters: for `GroupExtras::param_names`.
std::vector<std::vector<std::string>> param_names(const std::vector<PlannedGroup>& groups);

/// Options that have a weight decay: those of LibTorch, `options.weight_decay(0.1)`, and plain structs.
template <typename Options>
concept HasWeightDecay = std::derived_from<Options, torch::optim::OptimizerOptions> &&(
    requires(Options& options) { options.weight_decay(0.0); } ||
    requires(Options & options) { options.weight_decay = 0.0; });

/// What an optimizer is made of: a copy of `defaults` for each group, with its rate and its weight decay set.
/// Throws a `c10::ValueError` where a group has a weight decay and the options haven't.
///
/// Knows SGD, Adam, AdamW, RMSprop and Adagrad; options of other classes are taken by the template below.
std::vector<torch::optim::OptimizerParamGroup> make_param_groups(const std::vector<PlannedGroup>& groups,
                                                                 const torch::optim::OptimizerOptions& defaults);

/// Makes the groups with the weight decay set by `set`; for options whose class has another way to do it.
std::vector<torch::optim::OptimizerParamGroup> make_param_groups(
    const std::vector<PlannedGroup>& groups, const torch::optim::OptimizerOptions& defaults,
    void (*set_weight_decay)(torch::optim::OptimizerOptions& options, double weight_decay));

/// For the options of any optimizer that have a weight decay.
template <HasWeightDecay Options>
std::vector<torch::optim::OptimizerParamGroup> make_param_groups(const std::vector<PlannedGroup>& groups,
                                                                 const Options& defaults) {
  return make_param_groups(groups, defaults, [](torch::optim::OptimizerOptions& base, double weight_decay) {
    auto& options = static_cast<Options&>(base);
    if constexpr (requires { options.weight_decay(0.0); }) {
      options.weight_decay(weight_decay);
    } else {
      options.weight_decay = weight_decay;
    }
  });
}

}  // namespace torch_ext
