#include "libtorch_ext/checkpoint/optimizer_layout.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/optim/described_options.h"

namespace torch_ext {
namespace {

using torch::optim::AdagradOptions;
using torch::optim::AdagradParamState;
using torch::optim::AdamOptions;
using torch::optim::AdamParamState;
using torch::optim::AdamWOptions;
using torch::optim::AdamWParamState;
using torch::optim::LBFGSOptions;
using torch::optim::LBFGSParamState;
using torch::optim::OptimizerOptions;
using torch::optim::OptimizerParamState;
using torch::optim::RMSpropOptions;
using torch::optim::RMSpropParamState;
using torch::optim::SGDOptions;
using torch::optim::SGDParamState;
using Scope = OptimizerLayout::Scope;

// The order of entries is Python's. The same function serves an OptimizerWriter and an OptimizerReader.

template <class Fields>
void describe_options(Fields& fields, SGDOptions& options) {
  fields.value("lr", options.lr());
  fields.value("momentum", options.momentum());
  fields.value("dampening", options.dampening());
  fields.value("weight_decay", options.weight_decay());
  fields.later_value("nesterov", options.nesterov());
  fields.constant("maximize", false);
  fields.hint("foreach", {});
  fields.hint("differentiable", false);
  fields.hint("fused", {});
}

template <class Fields>
void describe_state(Fields& fields, SGDParamState& state, const SGDOptions&) {
  fields.tensor("momentum_buffer", state.momentum_buffer(), false);
}

template <class Fields, class Options>
void describe_adam_options(Fields& fields, Options& options) {
  fields.value("lr", options.lr());
  fields.value("betas", options.betas());
  fields.value("eps", options.eps());
  fields.value("weight_decay", options.weight_decay());
  fields.later_value("amsgrad", options.amsgrad());
  fields.constant("maximize", false);
  fields.hint("foreach", {});
  fields.hint("capturable", false);
  fields.hint("differentiable", false);
  fields.hint("fused", {});
}

template <class Fields>
void describe_options(Fields& fields, AdamOptions& options) {
  describe_adam_options(fields, options);
  fields.constant("decoupled_weight_decay", false);
}

template <class Fields>
void describe_options(Fields& fields, AdamWOptions& options) {
  describe_adam_options(fields, options);
  fields.hint("decoupled_weight_decay", true);  // as in Python, AdamW is AdamW whatever the file says
}

template <class Fields, class State, class Options>
void describe_adam_state(Fields& fields, State& state, const Options& options) {
  fields.step(state.step());
  fields.tensor("exp_avg", state.exp_avg());
  fields.tensor("exp_avg_sq", state.exp_avg_sq());
  fields.tensor("max_exp_avg_sq", state.max_exp_avg_sq(), options.amsgrad());
}

template <class Fields>
void describe_state(Fields& fields, AdamParamState& state, const AdamOptions& options) {
  describe_adam_state(fields, state, options);
}

template <class Fields>
void describe_state(Fields& fields, AdamWParamState& state, const AdamWOptions& options) {
  describe_adam_state(fields, state, options);
}

template <class Fields>
void describe_options(Fields& fields, RMSpropOptions& options) {
  fields.value("lr", options.lr());
  fields.later_value("momentum", options.momentum());
  fields.value("alpha", options.alpha());
  fields.value("eps", options.eps());
  fields.later_value("centered", options.centered());
  fields.value("weight_decay", options.weight_decay());
  fields.hint("capturable", false);
  fields.hint("foreach", {});
  fields.constant("maximize", false);
  fields.hint("differentiable", false);
}

template <class Fields>
void describe_state(Fields& fields, RMSpropParamState& state, const RMSpropOptions& options) {
  fields.step(state.step());
  fields.tensor("square_avg", state.square_avg());
  fields.tensor("momentum_buffer", state.momentum_buffer(), options.momentum() > 0);
  fields.tensor("grad_avg", state.grad_avg(), options.centered());
}

template <class Fields>
void describe_options(Fields& fields, AdagradOptions& options) {
  fields.value("lr", options.lr());
  fields.value("lr_decay", options.lr_decay());
  fields.value("eps", options.eps());
  fields.value("weight_decay", options.weight_decay());
  fields.value("initial_accumulator_value", options.initial_accumulator_value());
  fields.hint("foreach", {});
  fields.constant("maximize", false);
  fields.hint("differentiable", false);
  fields.hint("fused", {});
}

template <class Fields>
void describe_state(Fields& fields, AdagradParamState& state, const AdagradOptions&) {
  fields.step(state.step());
  fields.tensor("sum", state.sum());
}

template <class Fields>
void describe_options(Fields& fields, LBFGSOptions& options) {
  fields.value("lr", options.lr());
  fields.value("max_iter", options.max_iter());
  fields.value("max_eval", options.max_eval());
  fields.value("tolerance_grad", options.tolerance_grad());
  fields.value("tolerance_change", options.tolerance_change());
  fields.value("history_size", options.history_size());
  fields.value("line_search_fn", options.line_search_fn());
}

// LibTorch indexes these lists without looking at their sizes.
void check_history(OptimizerWriter&, const LBFGSParamState&, const LBFGSOptions&) {}
void check_history(OptimizerReader& fields, const LBFGSParamState& state, const LBFGSOptions& options) {
  const auto limit = static_cast<size_t>(std::max<int64_t>(options.history_size(), 0));
  const size_t size = state.old_dirs().size();
  if (state.old_stps().size() != size || state.ro().size() != size || size > limit) {
    fields.fail("", c10::str("found ", size, " old_dirs, ", state.old_stps().size(), " old_stps and ",
                             state.ro().size(), " ro, expected as many of each, and at most ", limit));
  }
  if (state.al() && state.al()->size() != limit) {
    fields.fail("al", c10::str("found ", state.al()->size(), " entries, expected ", limit));
  }
}

template <class Fields>
void describe_state(Fields& fields, LBFGSParamState& state, const LBFGSOptions& options) {
  fields.value("func_evals", state.func_evals());
  fields.value("n_iter", state.n_iter());
  if (state.n_iter() == 0) return;  // it has found the gradient too small to do anything
  fields.scratch("al", state.al());
  fields.tensor("d", state.d());
  fields.value("t", state.t());
  fields.tensors("old_dirs", state.old_dirs());
  fields.tensors("old_stps", state.old_stps());
  fields.scalars("ro", state.ro());
  fields.scale("H_diag", state.H_diag());
  fields.tensor("prev_flat_grad", state.prev_flat_grad());
  fields.value("prev_loss", state.prev_loss());
  check_history(fields, state, options);
}

template <class Options, class State>
OptimizerLayout make_layout(const char* name, Scope scope = Scope::kParameter) {
  return {.name = name,
          .scope = scope,
          .write_options =
              [](OptimizerWriter& fields, const OptimizerOptions& any) {
                auto options = static_cast<const Options&>(any);
                describe_options(fields, options);
              },
          .read_options = [](OptimizerReader& fields,
                             OptimizerOptions& any) { describe_options(fields, static_cast<Options&>(any)); },
          .write_state =
              [](OptimizerWriter& fields, const OptimizerParamState& any, const OptimizerOptions& options) {
                auto state = static_cast<const State&>(any);
                describe_state(fields, state, static_cast<const Options&>(options));
              },
          .read_state = [](OptimizerReader& fields,
                           const OptimizerOptions& options) -> std::unique_ptr<OptimizerParamState> {
            auto state = std::make_unique<State>();
            describe_state(fields, *state, static_cast<const Options&>(options));
            if constexpr (std::is_same_v<State, SGDParamState>) {
              if (!state->momentum_buffer().defined()) return nullptr;
            }
            return state;
          }};
}

// Of optimizers whose options describe themselves.
DescribedOptions& described(OptimizerOptions& options) {
  auto* found = dynamic_cast<DescribedOptions*>(&options);
  if (!found) throw CheckpointError("", "found a group with options of type " + c10::demangle(typeid(options).name()) +
                                          ", expected those of its optimizer");
  return *found;
}

OptimizerLayout described_layout(Scope scope) {
  return {.name = "described",
          .scope = scope,
          .write_options = [](OptimizerWriter& fields,
                              const OptimizerOptions& options) { described(*options.clone()).describe(fields); },
          .read_options = [](OptimizerReader& fields,
                             OptimizerOptions& options) { described(options).describe(fields); },
          .write_state =
              [](OptimizerWriter& fields, const OptimizerParamState& state, const OptimizerOptions& options) {
                described(*options.clone()).describe_state(fields, *state.clone());
              },
          .read_state = [](OptimizerReader& fields,
                           const OptimizerOptions& options) -> std::unique_ptr<OptimizerParamState> {
            const auto copy = options.clone();
            const auto& own = described(*copy);
            auto state = own.make_state();
            return own.describe_state(fields, *state) ? std::move(state) : nullptr;
          }};
}

const OptimizerLayout kDescribed = described_layout(Scope::kParameter);
const OptimizerLayout kDescribedAtOnce = described_layout(Scope::kEveryParameter);
const OptimizerLayout kSgd = make_layout<SGDOptions, SGDParamState>("SGD");
const OptimizerLayout kAdam = make_layout<AdamOptions, AdamParamState>("Adam");
const OptimizerLayout kAdamW = make_layout<AdamWOptions, AdamWParamState>("AdamW");
const OptimizerLayout kRmsprop = make_layout<RMSpropOptions, RMSpropParamState>("RMSprop");
const OptimizerLayout kAdagrad = make_layout<AdagradOptions, AdagradParamState>("Adagrad", Scope::kEveryParameter);
const OptimizerLayout kLbfgs = make_layout<LBFGSOptions, LBFGSParamState>("LBFGS", Scope::kGroup);

}  // namespace

const OptimizerLayout& layout_of(const torch::optim::Optimizer& optimizer) {
  const OptimizerOptions& options = optimizer.defaults();
  if (const auto* own = dynamic_cast<const DescribedOptions*>(&options)) {
    return own->has_state_at_once() ? kDescribedAtOnce : kDescribed;
  }
  if (dynamic_cast<const SGDOptions*>(&options)) return kSgd;
  if (dynamic_cast<const AdamOptions*>(&options)) return kAdam;
  if (dynamic_cast<const AdamWOptions*>(&options)) return kAdamW;
  if (dynamic_cast<const RMSpropOptions*>(&options)) return kRmsprop;
  if (dynamic_cast<const AdagradOptions*>(&options)) return kAdagrad;
  if (dynamic_cast<const LBFGSOptions*>(&options)) return kLbfgs;
  throw CheckpointError("", "this optimizer's state has no layout in Python's terms: found options of type " +
                                c10::demangle(typeid(options).name()) +
                                ", expected those of SGD, Adam, AdamW, RMSprop, Adagrad or LBFGS, or DescribedOptions");
}

}  // namespace torch_ext
