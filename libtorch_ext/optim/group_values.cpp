#include "libtorch_ext/optim/group_values.h"

#include <torch/optim/optimizer.h>

#include <mutex>
#include <unordered_map>

namespace torch_ext {
namespace {

struct GroupValuesRegistry {
  std::mutex mutex;
  std::unordered_map<const torch::optim::Optimizer*, std::weak_ptr<GroupValuesList>> lists;
};

GroupValuesRegistry& group_values_registry() {
  static auto* const registry = new GroupValuesRegistry;  // outlives schedules that are static
  return *registry;
}

}  // namespace

std::shared_ptr<GroupValuesList> find_group_values(const torch::optim::Optimizer& optimizer) {
  auto& registry = group_values_registry();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.lists.find(&optimizer);
  auto list = found == registry.lists.end() ? nullptr : found->second.lock();
  if (list && list->size() < optimizer.param_groups().size()) list->resize(optimizer.param_groups().size());
  return list;
}

std::shared_ptr<GroupValuesList> group_values(const torch::optim::Optimizer& optimizer) {
  if (auto list = find_group_values(optimizer)) return list;
  auto list = std::make_shared<GroupValuesList>(optimizer.param_groups().size());
  auto& registry = group_values_registry();
  const std::lock_guard lock(registry.mutex);
  std::erase_if(registry.lists, [](const auto& entry) { return entry.second.expired(); });
  registry.lists[&optimizer] = list;
  return list;
}

}  // namespace torch_ext
