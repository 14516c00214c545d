#pragma once

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Half a cosine from the base rate down to `eta_min` in `T_max` steps (Loshchilov and Hutter, SGDR, without restarts).
class CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(torch::optim::Optimizer& optimizer, int64_t T_max, double eta_min = 0, int64_t last_epoch = -1);

 private:
  std::vector<double> get_lr() override;
  std::optional<std::vector<double>> closed_form_lr() const override;
  void fields(SchedulerFields& fields) override;

  int64_t T_max_;
  double eta_min_;
};

}  // namespace torch_ext
