#include "libtorch_ext/train/model.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <unordered_set>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/non_finite.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/models/registry.h"

namespace torch_ext {
namespace {

using Names = std::vector<std::string>;

TensorModule model_of(const TrainConfig& config) {
  const ModelConfig& model = config.model;
  try {
    return create_model(model.name, {.num_classes = model.num_classes, .in_channels = model.in_channels});
  } catch (const c10::ValueError& error) {
    throw config_error(config, "/model", error.what_without_backtrace());
  }
}

LoadReport start_from(torch::nn::Module& module, const ModelConfig& config, const LoadedFile& weights) {
  LoadOptions options{.strict = !config.skip_mismatched,
                      .key = config.weights_key,
                      .skip_mismatched = config.skip_mismatched};
  for (const auto& [pattern, replacement] : config.rename) options.rename.emplace_back(pattern, replacement);
  LoadReport report = load_state_dict(module, weights, options);
  if (const std::string found = find_non_finite(module); !found.empty()) {
    throw CheckpointError(weights.path, "found " + found + ", expected finite weights to start from");
  }
  return report;
}

std::vector<ParamGroupRule> rules_of(const std::vector<ParamGroupRuleConfig>& configs) {
  std::vector<ParamGroupRule> rules;
  for (const auto& c : configs) {
    const auto kind = c.kind == "bias"     ? ParamKind::kBias
                      : c.kind == "norm"   ? ParamKind::kNorm
                      : c.kind == "vector" ? ParamKind::kVector
                                           : ParamKind::kAny;
    rules.push_back({.match = c.match,
                     .kind = kind,
                     .lr = c.lr,
                     .lr_scale = c.lr_scale,
                     .weight_decay = c.weight_decay,
                     .freeze = c.freeze});
  }
  return rules;
}

Names trained_names(const torch::nn::Module& module) {
  Names names;
  for (const auto& item : named_parameters(module)) {
    if (item.value().requires_grad()) names.push_back(item.key());
  }
  return names;
}

// Those of `names` that aren't among `others`.
Names without(const Names& names, const Names& others) {
  const std::unordered_set<std::string> taken(others.begin(), others.end());
  Names left;
  std::ranges::copy_if(names, std::back_inserter(left), [&](const auto& name) { return !taken.count(name); });
  return left;
}

void check_frozen(const RunModel& made) {
  const Names random = without(made.frozen, made.weights->loaded);
  if (random.empty()) return;
  throw CheckpointError(made.weights->file,
                        "found nothing for " + few_of(random) + ", which stay frozen (model.freeze, param_groups), "
                        "expected them in the file: they would keep their random values; loaded were " +
                            to_text(*made.weights));
}

}  // namespace

std::optional<LoadedFile> read_weights(const ModelConfig& config) {
  if (!config.weights) return std::nullopt;
  return load(*config.weights, {.verify = formats::Verify::kNow});
}

RunModel make_model(const TrainConfig& config, const std::optional<LoadedFile>& weights) {
  RunModel made{model_of(config)};
  torch::nn::Module& module = *made.model.ptr();
  if (weights) made.weights = start_from(module, config.model, *weights);
  const Names trainable = trained_names(module);
  for (const auto& glob : config.model.freeze) freeze(module, glob);
  made.plan = plan_param_groups(module, rules_of(config.param_groups));
  made.frozen = without(trainable, trained_names(module));
  if (weights) check_frozen(made);
  return made;
}

}  // namespace torch_ext
