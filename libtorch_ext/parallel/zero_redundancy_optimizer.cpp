#include "libtorch_ext/parallel/zero_redundancy_optimizer.h"

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/optim/zero_grad.h"

namespace torch_ext {
namespace {

using formats::Dict;
using formats::List;
using nlohmann::json;
using torch::optim::OptimizerParamGroup;

// The values of one parameter's state; a tensor as its dtype and shape.
json outline(const Dict& state) {
  json entries = json::array();
  for (const auto& [key, value] : state.items) {
    const auto name = *key.as<std::string>();
    if (const auto* tensor = value.as<formats::Tensor>()) {
      const auto here = to_tensor(*tensor);
      entries.push_back({name, "tensor", static_cast<int>(here.scalar_type()), here.sizes().vec()});
    } else if (const auto* flag = value.as<bool>()) {
      entries.push_back({name, "bool", *flag});
    } else if (const auto* integer = value.as<int64_t>()) {
      entries.push_back({name, "int", *integer});
    } else if (const auto* number = value.as<double>()) {
      entries.push_back({name, "float", *number});
    } else {
      entries.push_back({name, "none"});
    }
  }
  return entries;
}

// Sends one parameter's state from its owner to all; returns it on those that keep it.
Dict send(const ProcessGroup& group, int owner, const Dict* mine, TensorWriter* keep) {
  const auto entries = json::parse(group.broadcast(mine ? outline(*mine).dump() : "", owner));
  Dict result;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    const auto name = entry[0].get<std::string>();
    const auto kind = entry[1].get<std::string>();
    Value value;
    if (kind == "tensor") {
      auto tensor =
          mine ? to_tensor(*mine->items[i].second.as<formats::Tensor>()).contiguous()
               : torch::empty(entry[3].get<std::vector<int64_t>>(), static_cast<at::ScalarType>(entry[2].get<int>()));
      tensor = tensor.to(group.device());
      group.broadcast(tensor, owner);
      if (keep) value = (*keep)(tensor.cpu());
    } else if (kind == "bool") {
      value = entry[2].get<bool>();
    } else if (kind == "int") {
      value = entry[2].get<int64_t>();
    } else if (kind == "float") {
      value = entry[2].get<double>();
    }
    result.items.emplace_back(name, std::move(value));
  }
  return result;
}

const Dict* dict_at(const Dict& dict, const char* key) {
  const Value* value = dict.find(key);
  return value ? value->as<Dict>() : nullptr;
}

const Dict* state_of(const Dict& states, int64_t number) {
  for (const auto& [key, value] : states.items) {
    if (const auto* found = key.as<int64_t>(); found && *found == number) return value.as<Dict>();
  }
  return nullptr;
}

List counting(int64_t first, int64_t count) {
  List list;
  for (int64_t i = 0; i < count; ++i) list.items.emplace_back(first + i);
  return list;
}

}  // namespace

ZeroRedundancyOptimizer::ZeroRedundancyOptimizer(std::vector<OptimizerParamGroup> groups, const MakeOptimizer& make,
                                                 ProcessGroup group)
    : groups_(std::move(groups)), group_(std::move(group)) {
  const auto ranks = static_cast<size_t>(group_.size());
  by_rank_.resize(ranks);
  std::vector<int64_t> sizes(ranks, 0);
  std::vector<OptimizerParamGroup> mine;
  int64_t first = 0;
  for (const auto& whole : groups_) {
    const auto& parameters = whole.params();
    owners_.resize(owners_.size() + parameters.size());
    std::vector<size_t> by_size(parameters.size());
    std::iota(by_size.begin(), by_size.end(), 0);
    std::stable_sort(by_size.begin(), by_size.end(),
                     [&](size_t a, size_t b) { return parameters[a].numel() > parameters[b].numel(); });
    std::vector<at::Tensor> kept;
    numbers_.emplace_back();
    for (const size_t i : by_size) {
      const auto rank = static_cast<size_t>(std::min_element(sizes.begin(), sizes.end()) - sizes.begin());
      sizes[rank] += parameters[i].numel();
      by_rank_[rank].push_back(parameters[i]);
      owners_[static_cast<size_t>(first) + i] = static_cast<int>(rank);
      if (static_cast<int>(rank) != group_.rank()) continue;
      kept.push_back(parameters[i]);
      numbers_.back().push_back(first + static_cast<int64_t>(i));
    }
    mine.push_back(whole.has_options() ? OptimizerParamGroup(kept, whole.options().clone())
                                       : OptimizerParamGroup(kept));
    first += static_cast<int64_t>(parameters.size());
  }
  local_ = make(std::move(mine));
}

void ZeroRedundancyOptimizer::step() {
  local_->step();
  for (int rank = 0; rank < group_.size(); ++rank) group_.broadcast(by_rank_[static_cast<size_t>(rank)], rank);
}

void ZeroRedundancyOptimizer::zero_grad(bool set_to_none) {
  for (const auto& parameters : by_rank_) {
    for (const auto& parameter : parameters) zero_gradient(parameter, set_to_none);
  }
}

Value ZeroRedundancyOptimizer::state_dict(TensorWriter& writer, int to) const {
  TensorWriter local_writer;
  const Value local = optimizer_state_dict(*local_, local_writer);
  const Dict& mine = *local.as<Dict>();
  const Dict& states = *dict_at(mine, "state");
  std::vector<int64_t> local_numbers(owners_.size(), -1);
  int64_t next = 0;
  for (const auto& numbers : numbers_) {
    for (const int64_t number : numbers) local_numbers[static_cast<size_t>(number)] = next++;
  }
  const bool keeps = group_.rank() == to;
  Dict whole;
  for (size_t number = 0; number < owners_.size(); ++number) {
    const Dict none;
    const Dict* state = nullptr;
    if (owners_[number] == group_.rank()) {
      state = state_of(states, local_numbers[number]);
      if (!state) state = &none;
    }
    Dict sent = send(group_, owners_[number], state, keeps ? &writer : nullptr);
    if (!sent.items.empty()) whole.items.emplace_back(static_cast<int64_t>(number), std::move(sent));
  }
  if (!keeps) return {};
  List groups;
  int64_t first = 0;
  const auto& local_groups = mine.find("param_groups")->as<List>()->items;
  for (size_t i = 0; i < groups_.size(); ++i) {
    Dict group = *local_groups[i].as<Dict>();
    const auto count = static_cast<int64_t>(groups_[i].params().size());
    group.set("params", counting(first, count));
    groups.items.emplace_back(std::move(group));
    first += count;
  }
  return Dict{.items = {{"state", std::move(whole)}, {"param_groups", std::move(groups)}}};
}

void ZeroRedundancyOptimizer::load_state_dict(const Value& state, const std::string& file) {
  const auto* dict = state.as<Dict>();
  const Dict* states = dict ? dict_at(*dict, "state") : nullptr;
  const Value* found = dict ? dict->find("param_groups") : nullptr;
  const List* groups = found ? found->as<List>() : nullptr;
  if (!states || !groups || groups->items.size() != numbers_.size()) {
    throw CheckpointError(file, "optimizer: expected a dict of \"state\" and \"param_groups\", of " +
                                    std::to_string(numbers_.size()) + " groups, as optimizer_state_dict makes it");
  }
  Dict mine;
  List my_groups;
  int64_t next = 0;
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const auto* whole = groups->items[i].as<Dict>();
    const Value* params = whole ? whole->find("params") : nullptr;
    const List* listed = params ? params->as<List>() : nullptr;
    if (!listed || listed->items.size() != groups_[i].params().size()) {
      throw CheckpointError(file, "optimizer.param_groups." + std::to_string(i) + ".params: expected a list of " +
                                      std::to_string(groups_[i].params().size()) + " numbers");
    }
    Dict group = *whole;
    group.set("params", counting(next, static_cast<int64_t>(numbers_[i].size())));
    my_groups.items.emplace_back(std::move(group));
    for (const int64_t number : numbers_[i]) {
      if (const Dict* one = state_of(*states, number)) mine.items.emplace_back(next, *one);
      ++next;
    }
  }
  load_optimizer_state_dict(*local_,
                            Dict{.items = {{"state", std::move(mine)}, {"param_groups", std::move(my_groups)}}}, file);
}

}  // namespace torch_ext
