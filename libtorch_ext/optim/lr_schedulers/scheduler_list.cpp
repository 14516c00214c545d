#include "libtorch_ext/optim/lr_schedulers/scheduler_list.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/optim/lr_schedulers/reduce_lr_on_plateau.h"

namespace torch_ext {

torch::optim::Optimizer& check_schedulers(const char* what, const std::vector<std::shared_ptr<LRScheduler>>& schedulers,
                                          const torch::optim::Optimizer* optimizer) {
  TORCH_CHECK_VALUE(!schedulers.empty(), what, ": found no scheduler, expected one or more");
  for (size_t i = 0; i < schedulers.size(); ++i) {
    TORCH_CHECK_VALUE(schedulers[i], what, ": found null as scheduler ", i);
    if (!optimizer) optimizer = &schedulers[i]->optimizer();
    TORCH_CHECK_VALUE(!dynamic_cast<const ReduceLROnPlateau*>(schedulers[i].get()), what,
                      ": found a ReduceLROnPlateau as scheduler ", i, ", expected one that steps without a metric");
    TORCH_CHECK_VALUE(&schedulers[i]->optimizer() == optimizer, what, ": found another optimizer in scheduler ", i,
                      ", expected all to have the same");
  }
  return schedulers.front()->optimizer();
}

}  // namespace torch_ext
