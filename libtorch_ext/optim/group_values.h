#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// What Python's schedules keep in one of the optimizer's `param_groups`, and LibTorch's groups have no place for.
struct GroupValues {
  std::optional<double> initial_lr;     ///< the learning rate when the first schedule came
  std::optional<double> max_lr;         ///< OneCycleLR
  std::optional<double> min_lr;         ///< OneCycleLR
  std::optional<double> max_momentum;   ///< OneCycleLR, CyclicLR
  std::optional<double> base_momentum;  ///< OneCycleLR, CyclicLR

  using Field = std::optional<double> GroupValues::*;
  /// Python's names, in the order in which Python sets them.
  static constexpr std::array<std::pair<const char*, Field>, 5> kFields = {
      {{"initial_lr", &GroupValues::initial_lr},
       {"max_lr", &GroupValues::max_lr},
       {"min_lr", &GroupValues::min_lr},
       {"max_momentum", &GroupValues::max_momentum},
       {"base_momentum", &GroupValues::base_momentum}}};
};

/// One per group of the optimizer.
using GroupValuesList = std::vector<GroupValues>;

/// The values that all schedules of one optimizer share. They live as long as a schedule or another holder of the
/// pointer does; Python's live as long as the optimizer. Keep the pointer where schedules come and go on one optimizer.
/// `optimizer_state_dict` writes them into the groups, `load_optimizer_state_dict` takes them from there.
std::shared_ptr<GroupValuesList> group_values(const torch::optim::Optimizer& optimizer);

/// The same, or null where nobody holds any.
std::shared_ptr<GroupValuesList> find_group_values(const torch::optim::Optimizer& optimizer);

}  // namespace torch_ext
