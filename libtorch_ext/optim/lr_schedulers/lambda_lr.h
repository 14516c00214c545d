#pragma once

#include <functional>

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// A factor for a number of steps, counted from 0.
using LRLambda = std::function<double(int64_t)>;

/// What `LambdaLR` and `MultiplicativeLR` share. The functions are no part of the state, as in Python: make the
/// schedule with the same ones. (Python keeps the attributes of callable objects there; they are passed over.)
class FunctionLR : public LRScheduler {
 protected:
  FunctionLR(torch::optim::Optimizer& optimizer, std::vector<LRLambda> lr_lambda, int64_t last_epoch);
  FunctionLR(torch::optim::Optimizer& optimizer, const LRLambda& lr_lambda, int64_t last_epoch);

  void fields(SchedulerFields& fields) override;

  std::vector<LRLambda> lr_lambdas_;
};

/// The base rate times what `lr_lambda` gives for the step; one function for all groups, or one for each.
///
///     tx::LambdaLR scheduler(optimizer, [](int64_t epoch) { return std::pow(0.95, epoch); });
class LambdaLR : public FunctionLR {
 public:
  LambdaLR(torch::optim::Optimizer& optimizer, const LRLambda& lr_lambda, int64_t last_epoch = -1);
  LambdaLR(torch::optim::Optimizer& optimizer, std::vector<LRLambda> lr_lambda, int64_t last_epoch = -1);

 private:
  std::vector<double> get_lr() override;
};

/// Multiplies each step by what `lr_lambda` gives for it, from step 1 on; one function for all groups, or one for each.
class MultiplicativeLR : public FunctionLR {
 public:
  MultiplicativeLR(torch::optim::Optimizer& optimizer, const LRLambda& lr_lambda, int64_t last_epoch = -1);
  MultiplicativeLR(torch::optim::Optimizer& optimizer, std::vector<LRLambda> lr_lambda, int64_t last_epoch = -1);

 private:
  std::vector<double> get_lr() override;
};

}  // namespace torch_ext
