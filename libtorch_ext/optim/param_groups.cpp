#include "libtorch_ext/optim/param_groups.h"

#include <torch/nn/module.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <cmath>
#include <unordered_set>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/glob.h"
#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

using torch::optim::OptimizerOptions;
using torch::optim::OptimizerParamGroup;

struct Candidate {
  std::string name;
  at::Tensor tensor;
  bool bias = false, norm = false;
};

std::vector<Candidate> candidates_of(const torch::nn::Module& module) {
  std::unordered_set<const void*> of_norm;
  for (const auto& below : modules(module)) {
    if (below->name().find("Norm") == std::string::npos) continue;
    for (const auto& parameter : parameters(*below, {.recurse = false}))
      of_norm.insert(parameter.unsafeGetTensorImpl());
  }
  std::vector<Candidate> all;
  for (const auto& entry : named_parameters(module)) {
    const std::string last = entry.key().substr(entry.key().rfind('.') + 1);
    all.push_back({entry.key(), entry.value(), last == "bias", of_norm.count(entry.value().unsafeGetTensorImpl()) > 0});
  }
  return all;
}

bool is_of_kind(const Candidate& candidate, ParamKind kind) {
  switch (kind) {
    case ParamKind::kAny:
      return true;
    case ParamKind::kBias:
      return candidate.bias;
    case ParamKind::kNorm:
      return candidate.norm;
    case ParamKind::kVector:
      return candidate.bias || candidate.tensor.dim() <= 1;
  }
  return false;
}

const char* kind_text(ParamKind kind) {
  switch (kind) {
    case ParamKind::kAny:
      return "";
    case ParamKind::kBias:
      return " of a bias";
    case ParamKind::kNorm:
      return " of a normalisation layer";
    case ParamKind::kVector:
      return " of a bias or with at most one dimension";
  }
  return "";
}

bool applies(const ParamGroupRule& rule, const Candidate& candidate) {
  return is_of_kind(candidate, rule.kind) && formats::matches_glob(rule.match, candidate.name);
}

void check_rule(const ParamGroupRule& rule, const std::vector<Candidate>& candidates) {
  const auto check_number = [&](const char* field, std::optional<double> number) {
    TORCH_CHECK_VALUE(!number || (*number >= 0 && std::isfinite(*number)), "the rule for \"", rule.match, "\": ", field,
                      " is ", number.value_or(0), "; expected a number from 0");
  };
  check_number("lr", rule.lr);
  check_number("lr_scale", rule.lr_scale);
  check_number("weight_decay", rule.weight_decay);
  TORCH_CHECK_VALUE(!rule.lr || !rule.lr_scale, "the rule for \"", rule.match,
                    "\" has both lr and lr_scale; expected one of them");
  std::vector<std::string> names;
  for (const auto& candidate : candidates) {
    if (applies(rule, candidate)) return;
    if (is_of_kind(candidate, rule.kind)) names.push_back(candidate.name);
  }
  constexpr size_t kShown = 8;
  const std::string nearest = did_you_mean(rule.match, names);
  if (names.size() > kShown) names.resize(kShown), names.back() = "…";
  TORCH_CHECK_VALUE(false, "the rule for \"", rule.match, "\" applies to no parameter: found ",
                    names.empty() ? std::string("none") : quoted_list(names), kind_text(rule.kind),
                    ", expected at least one name that the glob matches", nearest);
}

// What the rules say about one parameter.
struct Settings {
  std::optional<double> lr, lr_scale, weight_decay;
  std::optional<bool> freeze;
};

Settings settings_for(const Candidate& candidate, const std::vector<ParamGroupRule>& rules) {
  Settings found;
  for (const auto& rule : rules) {
    if (!applies(rule, candidate)) continue;
    if (!found.lr && !found.lr_scale) found.lr = rule.lr, found.lr_scale = rule.lr_scale;
    if (!found.weight_decay) found.weight_decay = rule.weight_decay;
    if (!found.freeze) found.freeze = rule.freeze;
  }
  return found;
}

template <typename Options>
bool set_decay_of(OptimizerOptions& options, double weight_decay) {
  auto* known = dynamic_cast<Options*>(&options);
  if (known) known->weight_decay(weight_decay);
  return known != nullptr;
}

void set_known_weight_decay(OptimizerOptions& options, double weight_decay) {
  const bool known = set_decay_of<torch::optim::SGDOptions>(options, weight_decay) ||
                     set_decay_of<torch::optim::AdamOptions>(options, weight_decay) ||
                     set_decay_of<torch::optim::AdamWOptions>(options, weight_decay) ||
                     set_decay_of<torch::optim::RMSpropOptions>(options, weight_decay) ||
                     set_decay_of<torch::optim::AdagradOptions>(options, weight_decay);
  TORCH_CHECK_VALUE(known, "make_param_groups: found a group with weight_decay ", weight_decay, " and options of ",
                    c10::demangle(typeid(options).name()),
                    ", expected options that have a weight decay; pass them by their own class");
}

}  // namespace

ParamGroupPlan plan_param_groups(torch::nn::Module& module, const std::vector<ParamGroupRule>& rules) {
  const std::vector<Candidate> candidates = candidates_of(module);
  for (const auto& rule : rules) check_rule(rule, candidates);

  ParamGroupPlan plan;
  for (const auto& [name, tensor, bias, norm] : candidates) {
    const Settings settings = settings_for({name, tensor, bias, norm}, rules);
    if (settings.freeze.value_or(false)) at::Tensor(tensor).set_requires_grad(false);
    if (!tensor.requires_grad()) {
      plan.frozen.push_back(name);
      continue;
    }
    const double lr_scale = settings.lr_scale.value_or(1);
    PlannedGroup* group = nullptr;
    for (auto& other : plan.groups) {
      if (other.lr == settings.lr && other.lr_scale == lr_scale && other.weight_decay == settings.weight_decay) {
        group = &other;
      }
    }
    if (!group) {
      group = &plan.groups.emplace_back(PlannedGroup{{}, {}, settings.lr, lr_scale, settings.weight_decay});
    }
    group->names.push_back(name);
    group->parameters.push_back(tensor);
  }
  return plan;
}

std::vector<ParamGroupRule> no_weight_decay_rules() { return {{.kind = ParamKind::kVector, .weight_decay = 0}}; }

std::vector<ParamGroupRule> layer_decay_rules(const torch::nn::Module& module, const LayerDecayOptions& options) {
  TORCH_CHECK_VALUE(options.decay > 0 && options.decay <= 1, "layer_decay_rules: found a decay of ", options.decay,
                    ", expected a number above 0 and up to 1");
  auto stages = options.stages;
  if (stages.empty()) {
    for (const auto& child : named_children(module)) {
      if (!parameters(*child.value()).empty()) stages.push_back({child.key() + ".*"});
    }
    if (stages.empty()) stages.emplace_back();
    for (const auto& own : named_parameters(module, {.recurse = false})) stages.front().push_back(own.key());
  }
  std::vector<ParamGroupRule> rules;
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    const double scale = std::pow(options.decay, static_cast<double>(stages.size() - 1 - stage));
    for (const auto& glob : stages[stage]) rules.push_back({.match = glob, .lr_scale = scale});
  }
  return rules;
}

std::vector<std::vector<std::string>> param_names(const std::vector<PlannedGroup>& groups) {
  std::vector<std::vector<std::string>> names;
  for (const auto& group : groups) names.push_back(group.names);
  return names;
}

std::vector<OptimizerParamGroup> make_param_groups(const std::vector<PlannedGroup>& groups,
                                                   const OptimizerOptions& defaults) {
  return make_param_groups(groups, defaults, &set_known_weight_decay);
}

std::vector<OptimizerParamGroup> make_param_groups(const std::vector<PlannedGroup>& groups,
                                                   const OptimizerOptions& defaults,
                                                   void (*set_weight_decay)(OptimizerOptions&, double)) {
  std::vector<OptimizerParamGroup> made;
  for (const auto& group : groups) {
    auto options = defaults.clone();
    const double lr = group.lr.value_or(defaults.get_lr()) * group.lr_scale;
    if (lr != defaults.get_lr()) options->set_lr(lr);
    if (group.weight_decay) set_weight_decay(*options, *group.weight_decay);
    made.emplace_back(group.parameters, std::move(options));
  }
  return made;
}

}  // namespace torch_ext
