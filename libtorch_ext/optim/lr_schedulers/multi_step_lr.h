#pragma once

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Multiplies by `gamma` at each of `milestones`, numbers of steps in any order; twice at one that stands there twice.
class MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(torch::optim::Optimizer& optimizer, const std::vector<int64_t>& milestones, double gamma = 0.1,
              int64_t last_epoch = -1);

 private:
  std::vector<double> get_lr() override;
  std::optional<std::vector<double>> closed_form_lr() const override;
  void fields(SchedulerFields& fields) override;

  using Counter = std::vector<std::pair<int64_t, int64_t>>;  ///< Python's: milestones and how often, as they came
  static Counter read_milestones(const SchedulerFields& fields, const formats::Value& value);

  Counter milestones_;
  double gamma_;
};

}  // namespace torch_ext
