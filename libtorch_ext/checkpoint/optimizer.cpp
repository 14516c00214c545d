#include "libtorch_ext/checkpoint/optimizer.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/format_errors.h"
#include "libtorch_ext/checkpoint/optimizer_layout.h"
#include "libtorch_ext/optim/group_values.h"

namespace torch_ext {
namespace {

using torch::optim::Optimizer;
using torch::optim::OptimizerOptions;
using torch::optim::OptimizerParamGroup;
using torch::optim::OptimizerParamState;
using Scope = OptimizerLayout::Scope;

std::string at_index(const char* list, size_t index) { return list + ("." + std::to_string(index)); }

void check_extras(const Optimizer& optimizer, const GroupExtras& extras) {
  const auto& groups = optimizer.param_groups();
  const auto check = [](const std::string& what, size_t found, size_t expected) {
    if (found == expected) return;
    throw CheckpointError("", c10::str(what, ": found ", found, ", expected ", expected, ", as the optimizer has"));
  };
  if (!extras.initial_lrs.empty()) check("initial_lrs", extras.initial_lrs.size(), groups.size());
  if (extras.param_names.empty()) return;
  check("groups of param_names", extras.param_names.size(), groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    check(at_index("param_names", g), extras.param_names[g].size(), groups[g].params().size());
  }
}

// A parameter that stands twice, a tied one, has the index of its first place, as in Python.
std::unordered_map<const void*, int64_t> indices_of(const Optimizer& optimizer) {
  std::unordered_map<const void*, int64_t> indices;
  int64_t next = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& parameter : group.params()) indices.try_emplace(parameter.unsafeGetTensorImpl(), next++);
  }
  return indices;
}

// What the optimizer's schedules keep in group `g`; an initial_lr that the caller hands over wins.
GroupValues scheduled_values(const Optimizer& optimizer, const GroupExtras& extras, size_t g) {
  const auto list = find_group_values(optimizer);
  GroupValues values = list ? list->at(g) : GroupValues();
  if (!extras.initial_lrs.empty()) values.initial_lr = extras.initial_lrs[g];
  return values;
}

formats::Dict group_entry(const OptimizerParamGroup& group, const OptimizerLayout& layout, TensorWriter& writer,
                          const GroupExtras& extras, const GroupValues& scheduled, size_t g) {
  formats::Dict entry;
  if (!extras.param_names.empty()) {
    entry.set("param_names", formats::List{{extras.param_names[g].begin(), extras.param_names[g].end()}});
  }
  OptimizerWriter fields(entry, writer);
  layout.write_options(fields, group.options());
  for (const auto& [name, field] : GroupValues::kFields) {
    if (const auto& value = scheduled.*field) entry.set(name, *value);
  }
  return entry;
}

// What only some of the groups have counts as missing.
template <class T>
void drop_partial(std::vector<T>& extras, size_t groups) {
  if (extras.size() != groups) extras.clear();
}

// Reads a saved state beside an optimizer that stays as it is until `commit`.
class OptimizerLoading {
 public:
  explicit OptimizerLoading(Optimizer& optimizer) : optimizer_(optimizer), layout_(layout_of(optimizer)) {}

  void read(const Value& saved) {
    const OptimizerReader root(saved, "optimizer", findings_);
    const auto* groups = root.list("param_groups");
    const auto* states = root.dict("state");
    if (groups && read_groups(root, *groups) && states) read_states(root, *states);
  }

  const std::vector<std::string>& problems() const { return findings_.problems; }

  OptimizerReport commit() {
    auto& groups = optimizer_.param_groups();
    for (size_t g = 0; g < groups.size(); ++g) groups[g].set_options(std::move(options_[g]));
    optimizer_.state() = std::move(states_);
    if (const auto scheduled = find_group_values(optimizer_)) {
      for (size_t g = 0; g < groups.size(); ++g) {
        for (const auto& [name, field] : GroupValues::kFields) {
          if (const auto& value = scheduled_[g].*field) (*scheduled)[g].*field = value;
        }
      }
    }
    drop_partial(extras_.initial_lrs, groups.size());
    drop_partial(extras_.param_names, groups.size());
    return {std::move(findings_.changed), std::move(extras_)};
  }

 private:
  struct Owner {
    at::Tensor parameter;
    size_t group;
  };

  // Whether the parameters are as many as the file's, so that their states can be read.
  bool read_groups(const OptimizerReader& root, const formats::List& saved) {
    const auto& groups = optimizer_.param_groups();
    if (saved.items.size() != groups.size()) {
      root.fail("param_groups", c10::str("found ", saved.items.size(), " groups, expected ", groups.size()));
      return false;
    }
    bool fits = true;
    for (size_t g = 0; g < groups.size(); ++g) {
      OptimizerReader fields(saved.items[g], at_index("optimizer.param_groups", g), findings_);
      fits &= read_params(fields, g);
      layout_.read_options(fields, *options_.emplace_back(groups[g].options().clone()));
      read_extras(fields, groups[g].params().size());
    }
    return fits;
  }

  bool read_params(const OptimizerReader& fields, size_t g) {
    const auto* ids = fields.list("params");
    if (!ids) return false;
    const auto& own = optimizer_.param_groups()[g].params();
    if (ids->items.size() != own.size()) {
      fields.fail("params", c10::str("found ", ids->items.size(), " parameters, expected ", own.size()));
      return false;
    }
    for (size_t i = 0; i < own.size(); ++i) {
      const auto* id = ids->items[i].as<int64_t>();
      if (id) {
        owners_.try_emplace(*id, Owner{own[i], g});
      } else {
        fields.fail("params", "found a " + ids->items[i].type_name() + ", expected integers");
      }
    }
    return true;
  }

  void read_extras(const OptimizerReader& fields, size_t params) {
    GroupValues& scheduled = scheduled_.emplace_back();
    for (const auto& [name, field] : GroupValues::kFields) {
      if (!fields.has(name)) continue;
      if (const auto value = fields.number(name)) scheduled.*field = *value;
    }
    if (scheduled.initial_lr) extras_.initial_lrs.push_back(*scheduled.initial_lr);
    if (fields.has("param_names")) {
      std::vector<std::string> names;
      const auto* saved = fields.list("param_names");
      for (size_t i = 0; saved && i < saved->items.size(); ++i) {
        if (const auto* name = saved->items[i].as<std::string>()) names.push_back(*name);
      }
      if (names.size() == params) extras_.param_names.push_back(std::move(names));
    }
  }

  void read_states(const OptimizerReader& root, const formats::Dict& saved) {
    for (const auto& [key, entry] : saved.items) {
      const auto* id = key.as<int64_t>();
      const auto found = id ? owners_.find(*id) : owners_.end();
      if (found == owners_.end()) {
        root.fail("state", "found the state of a parameter that is in no group");
      } else {
        read_state(entry, at_index("optimizer.state", static_cast<size_t>(*id)), found->second);
      }
    }
    for (const auto& [id, owner] : owners_) {
      if (layout_.scope == Scope::kEveryParameter && !states_.count(owner.parameter.unsafeGetTensorImpl())) {
        root.fail(at_index("state", static_cast<size_t>(id)), "is missing");
      }
    }
  }

  void read_state(const Value& entry, const std::string& path, const Owner& owner) {
    const auto* dict = entry.as<formats::Dict>();
    if (dict && dict->items.empty()) return;
    const auto& group = optimizer_.param_groups()[owner.group].params();
    std::vector<int64_t> shape = owner.parameter.sizes().vec();
    if (layout_.scope == Scope::kGroup) {
      shape = {0};
      for (const auto& parameter : group) shape[0] += parameter.numel();
      if (!owner.parameter.is_same(group.front())) {
        findings_.problems.push_back(path + ": expected the only state under the first parameter");
      }
    }
    OptimizerReader fields(entry, path, findings_, shape, owner.parameter);
    if (auto state = layout_.read_state(fields, *options_[owner.group])) {
      states_[owner.parameter.unsafeGetTensorImpl()] = std::move(state);
    }
  }

  Optimizer& optimizer_;
  const OptimizerLayout& layout_;
  OptimizerFindings findings_;
  std::vector<std::unique_ptr<OptimizerOptions>> options_;
  ska::flat_hash_map<void*, std::unique_ptr<OptimizerParamState>> states_;
  std::unordered_map<int64_t, Owner> owners_;  // by the file's number for a parameter
  std::vector<GroupValues> scheduled_;
  GroupExtras extras_;
};

}  // namespace

Value optimizer_state_dict(const Optimizer& optimizer, TensorWriter& writer, const GroupExtras& extras) {
  const OptimizerLayout& layout = layout_of(optimizer);
  check_extras(optimizer, extras);
  const auto indices = indices_of(optimizer);
  formats::Dict states;
  formats::List groups;
  int64_t place = 0;
  for (size_t g = 0; g < optimizer.param_groups().size(); ++g) {
    const auto& group = optimizer.param_groups()[g];
    formats::Dict saved = group_entry(group, layout, writer, extras, scheduled_values(optimizer, extras, g), g);
    formats::List params;
    for (const auto& parameter : group.params()) {
      const int64_t index = indices.at(parameter.unsafeGetTensorImpl());
      const auto found = optimizer.state().find(parameter.unsafeGetTensorImpl());
      if (found != optimizer.state().end() && index == place) {
        formats::Dict entry;
        OptimizerWriter fields(entry, writer);
        layout.write_state(fields, *found->second, group.options());
        states.items.emplace_back(index, std::move(entry));
      }
      params.items.emplace_back(index);
      ++place;
    }
    saved.set("params", std::move(params));
    groups.items.emplace_back(std::move(saved));
  }
  return formats::Dict{.items = {{"state", std::move(states)}, {"param_groups", std::move(groups)}}};
}

OptimizerReport load_optimizer_state_dict(Optimizer& optimizer, const Value& state, const std::string& file) {
  return with_checkpoint_errors(file, [&] {
    OptimizerLoading loading(optimizer);
    loading.read(state);
    if (!loading.problems().empty()) {
      std::string text = "the state doesn't fit the optimizer";
      for (const auto& problem : loading.problems()) text += "; " + problem;
      throw CheckpointError(file, text);
    }
    return loading.commit();
  });
}

}  // namespace torch_ext
