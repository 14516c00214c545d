#pragma once

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Multiplies by `factor`, from 0 to 1, at once, and takes that back after `total_iters` steps.
class ConstantLR : public LRScheduler {
 public:
  explicit ConstantLR(torch::optim::Optimizer& optimizer, double factor = 1.0 / 3, int64_t total_iters = 5,
                      int64_t last_epoch = -1);

 private:
  std::vector<double> get_lr() override;
  std::optional<std::vector<double>> closed_form_lr() const override;
  void fields(SchedulerFields& fields) override;

  double factor_;
  int64_t total_iters_;
};

}  // namespace torch_ext
