#pragma once

#include <memory>
#include <vector>

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Throws `c10::ValueError` that begins with `what` unless there is a schedule, and all are of `optimizer` (null: of
/// the first one's) and can be stepped without a metric. Returns their optimizer.
torch::optim::Optimizer& check_schedulers(const char* what, const std::vector<std::shared_ptr<LRScheduler>>& schedulers,
                                          const torch::optim::Optimizer* optimizer);

}  // namespace torch_ext
