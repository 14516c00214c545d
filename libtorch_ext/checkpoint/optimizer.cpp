#include "libtorch_ext/checkpoint/optimizer.h"

#include <torch/torch.h>

#include <functional>
#include <optional>

#include "libtorch_ext/checkpoint/error.h"

namespace torch_ext {
namespace {

using formats::Dict;
using formats::List;
using formats::Tuple;
using torch::optim::AdamWOptions;
using torch::optim::AdamWParamState;
using torch::optim::Optimizer;
using torch::optim::OptimizerOptions;
using torch::optim::OptimizerParamState;
using torch::optim::SGDOptions;
using torch::optim::SGDParamState;

// A dictionary of the file, read with errors that say where.
class Reader {
 public:
  Reader(const Value& value, std::string file, std::string path) : file_(std::move(file)), path_(std::move(path)) {
    dict_ = value.as<Dict>();
    if (!dict_) fail("", "found a " + value.type_name() + ", expected a dictionary");
  }

  [[noreturn]] void fail(const std::string& key, const std::string& problem) const {
    throw CheckpointError(file_, path_ + (key.empty() ? "" : "." + key) + ": " + problem);
  }

  const Value& at(const char* key) const {
    if (const Value* value = dict_->find(key)) return *value;
    fail(key, "is missing");
  }
  bool has(const char* key) const {
    const Value* value = dict_->find(key);
    return value && !value->is_none();
  }
  double number(const char* key) const { return number(key, at(key)); }
  double number(const char* key, const Value& value) const {
    if (const auto* number = value.as<double>()) return *number;
    if (const auto* integer = value.as<int64_t>()) return static_cast<double>(*integer);
    if (const auto* tensor = value.as<formats::Tensor>(); tensor && tensor->numel() == 1) {
      return to_tensor(*tensor).item<double>();
    }
    fail(key, "found a " + value.type_name() + ", expected a number");
  }
  bool flag(const char* key, bool missing) const {
    const Value* value = dict_->find(key);
    if (!value) return missing;
    if (const auto* flag = value->as<bool>()) return *flag;
    fail(key, "found a " + value->type_name() + ", expected True or False");
  }
  // Only False is known here: an option that LibTorch's optimizer doesn't have.
  void refuse(const char* key) const {
    if (flag(key, false)) fail(key, "found True, expected False: LibTorch's optimizer has no such option");
  }
  // The tensor as the state of `parameter`: of its shape, on its device, of its dtype.
  at::Tensor tensor(const char* key, const at::Tensor& parameter) const {
    const auto* value = at(key).as<formats::Tensor>();
    if (!value) fail(key, "found a " + at(key).type_name() + ", expected a tensor");
    if (at::IntArrayRef(value->shape) != parameter.sizes()) {
      fail(key, c10::str("found the shape ", at::IntArrayRef(value->shape), ", expected ", parameter.sizes()));
    }
    return to_tensor(*value).to(parameter.options());
  }

 private:
  std::string file_;
  std::string path_;
  const Dict* dict_;
};

// How one optimizer's options and per-parameter state look in Python.
struct Layout {
  const char* name;
  std::function<void(Dict&, const OptimizerOptions&)> write_options;
  std::function<void(const Reader&, OptimizerOptions&)> read_options;
  std::function<void(Dict&, const OptimizerParamState&, TensorWriter&)> write_state;
  std::function<std::unique_ptr<OptimizerParamState>(const Reader&, const at::Tensor&)> read_state;
};

const Layout kSgd{
    .name = "SGD",
    .write_options =
        [](Dict& group, const OptimizerOptions& any) {
          const auto& options = static_cast<const SGDOptions&>(any);
          group.set("lr", options.lr());
          group.set("momentum", options.momentum());
          group.set("dampening", options.dampening());
          group.set("weight_decay", options.weight_decay());
          group.set("nesterov", options.nesterov());
          group.set("maximize", false);
          group.set("foreach", Value());
          group.set("differentiable", false);
          group.set("fused", Value());
        },
    .read_options =
        [](const Reader& group, OptimizerOptions& any) {
          auto& options = static_cast<SGDOptions&>(any);
          group.refuse("maximize");
          options.lr(group.number("lr"));
          options.momentum(group.number("momentum"));
          options.dampening(group.number("dampening"));
          options.weight_decay(group.number("weight_decay"));
          options.nesterov(group.flag("nesterov", false));
        },
    .write_state =
        [](Dict& entry, const OptimizerParamState& any, TensorWriter& writer) {
          const auto& buffer = static_cast<const SGDParamState&>(any).momentum_buffer();
          entry.set("momentum_buffer", buffer.defined() ? Value(writer(buffer)) : Value());
        },
    .read_state = [](const Reader& entry, const at::Tensor& parameter) -> std::unique_ptr<OptimizerParamState> {
      if (!entry.has("momentum_buffer")) return nullptr;
      auto state = std::make_unique<SGDParamState>();
      state->momentum_buffer(entry.tensor("momentum_buffer", parameter));
      return state;
    },
};

const Layout kAdamW{
    .name = "AdamW",
    .write_options =
        [](Dict& group, const OptimizerOptions& any) {
          const auto& options = static_cast<const AdamWOptions&>(any);
          const auto [beta1, beta2] = options.betas();
          group.set("lr", options.lr());
          group.set("betas", Tuple{{beta1, beta2}});
          group.set("eps", options.eps());
          group.set("weight_decay", options.weight_decay());
          group.set("amsgrad", options.amsgrad());
          group.set("maximize", false);
          group.set("foreach", Value());
          group.set("capturable", false);
          group.set("differentiable", false);
          group.set("fused", Value());
          group.set("decoupled_weight_decay", true);
        },
    .read_options =
        [](const Reader& group, OptimizerOptions& any) {
          auto& options = static_cast<AdamWOptions&>(any);
          group.refuse("maximize");
          const auto* tuple = group.at("betas").as<Tuple>();
          const auto* list = group.at("betas").as<List>();
          const auto* betas = tuple ? &tuple->items : list ? &list->items : nullptr;
          if (!betas || betas->size() != 2) group.fail("betas", "expected two numbers");
          options.betas({group.number("betas", (*betas)[0]), group.number("betas", (*betas)[1])});
          options.lr(group.number("lr"));
          options.eps(group.number("eps"));
          options.weight_decay(group.number("weight_decay"));
          options.amsgrad(group.flag("amsgrad", false));
        },
    .write_state =
        [](Dict& entry, const OptimizerParamState& any, TensorWriter& writer) {
          const auto& state = static_cast<const AdamWParamState&>(any);
          entry.set("step", writer(torch::tensor(static_cast<float>(state.step()))));
          entry.set("exp_avg", writer(state.exp_avg()));
          entry.set("exp_avg_sq", writer(state.exp_avg_sq()));
          if (state.max_exp_avg_sq().defined()) entry.set("max_exp_avg_sq", writer(state.max_exp_avg_sq()));
        },
    .read_state = [](const Reader& entry, const at::Tensor& parameter) -> std::unique_ptr<OptimizerParamState> {
      auto state = std::make_unique<AdamWParamState>();
      state->step(static_cast<int64_t>(entry.number("step")));
      state->exp_avg(entry.tensor("exp_avg", parameter));
      state->exp_avg_sq(entry.tensor("exp_avg_sq", parameter));
      if (entry.has("max_exp_avg_sq")) state->max_exp_avg_sq(entry.tensor("max_exp_avg_sq", parameter));
      return state;
    },
};

const Layout& layout_of(const Optimizer& optimizer) {
  if (dynamic_cast<const SGDOptions*>(&optimizer.defaults())) return kSgd;
  if (dynamic_cast<const AdamWOptions*>(&optimizer.defaults())) return kAdamW;
  throw CheckpointError("", "this optimizer's state can't be saved in Python's layout: found options of type " +
                                c10::demangle(typeid(optimizer.defaults()).name()) + ", expected SGD or AdamW");
}

std::string at_index(const char* list, size_t index) { return "optimizer." + (list + ("." + std::to_string(index))); }

}  // namespace

Value optimizer_state_dict(const Optimizer& optimizer, TensorWriter& writer, const std::vector<double>& initial_lrs) {
  const Layout& layout = layout_of(optimizer);
  Dict states;
  List groups;
  int64_t index = 0;
  for (size_t g = 0; g < optimizer.param_groups().size(); ++g) {
    const auto& group = optimizer.param_groups()[g];
    Dict saved;
    layout.write_options(saved, group.options());
    if (g < initial_lrs.size()) saved.set("initial_lr", initial_lrs[g]);
    List params;
    for (const auto& parameter : group.params()) {
      const auto found = optimizer.state().find(parameter.unsafeGetTensorImpl());
      if (found != optimizer.state().end()) {
        Dict entry;
        layout.write_state(entry, *found->second, writer);
        states.items.emplace_back(index, std::move(entry));
      }
      params.items.emplace_back(index++);
    }
    saved.set("params", std::move(params));
    groups.items.emplace_back(std::move(saved));
  }
  return Dict{.items = {{"state", std::move(states)}, {"param_groups", std::move(groups)}}};
}

void load_optimizer_state_dict(Optimizer& optimizer, const Value& state, const std::string& file) {
  const Layout& layout = layout_of(optimizer);
  const Reader root(state, file, "optimizer");
  const auto* saved_groups = root.at("param_groups").as<List>();
  const auto* saved_states = root.at("state").as<Dict>();
  if (!saved_groups) root.fail("param_groups", "found a " + root.at("param_groups").type_name() + ", expected a list");
  if (!saved_states) root.fail("state", "found a " + root.at("state").type_name() + ", expected a dictionary");
  auto& groups = optimizer.param_groups();
  if (saved_groups->items.size() != groups.size()) {
    root.fail("param_groups", c10::str("found ", saved_groups->items.size(), " groups, expected ", groups.size()));
  }

  std::vector<std::unique_ptr<OptimizerOptions>> new_options;
  ska::flat_hash_map<void*, std::unique_ptr<OptimizerParamState>> new_states;
  std::unordered_map<int64_t, at::Tensor> parameter_of;
  for (size_t g = 0; g < groups.size(); ++g) {
    const Reader saved(saved_groups->items[g], file, at_index("param_groups", g));
    const auto* params = saved.at("params").as<List>();
    const auto& own = groups[g].params();
    if (!params || params->items.size() != own.size()) {
      saved.fail("params", c10::str("found ", params ? params->items.size() : 0, " parameters, expected ", own.size()));
    }
    for (size_t i = 0; i < own.size(); ++i) {
      const auto* id = params->items[i].as<int64_t>();
      if (!id) saved.fail("params", "found a " + params->items[i].type_name() + ", expected integers");
      parameter_of[*id] = own[i];
    }
    layout.read_options(saved, *new_options.emplace_back(groups[g].options().clone()));
  }
  for (const auto& [key, entry] : saved_states->items) {
    const auto* id = key.as<int64_t>();
    const auto found = id ? parameter_of.find(*id) : parameter_of.end();
    if (found == parameter_of.end()) root.fail("state", "found the state of a parameter that is in no group");
    const Reader saved(entry, file, at_index("state", static_cast<size_t>(*id)));
    if (auto made = layout.read_state(saved, found->second)) {
      new_states[found->second.unsafeGetTensorImpl()] = std::move(made);
    }
  }
  for (size_t g = 0; g < groups.size(); ++g) groups[g].set_options(std::move(new_options[g]));
  optimizer.state() = std::move(new_states);
}

}  // namespace torch_ext
