#pragma once

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Goes down to 0 in `total_iters` steps, as the part of them that is left to the power of `power`.
class PolynomialLR : public LRScheduler {
 public:
  explicit PolynomialLR(torch::optim::Optimizer& optimizer, int64_t total_iters = 5, double power = 1,
                        int64_t last_epoch = -1);

 private:
  std::vector<double> get_lr() override;
  std::optional<std::vector<double>> closed_form_lr() const override;
  void fields(SchedulerFields& fields) override;

  int64_t total_iters_;
  double power_;
};

}  // namespace torch_ext
