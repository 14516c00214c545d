#include "libtorch_ext/optim/lr_schedulers/lambda_lr.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

FunctionLR::FunctionLR(torch::optim::Optimizer& optimizer, std::vector<LRLambda> lr_lambda, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), lr_lambdas_(std::move(lr_lambda)) {
  TORCH_CHECK_VALUE(lr_lambdas_.size() == base_lrs().size(), "lr_lambda: found ", lr_lambdas_.size(),
                    " functions, expected ", base_lrs().size(), ", one per group of the optimizer");
  for (const auto& function : lr_lambdas_) TORCH_CHECK_VALUE(function, "lr_lambda: found an empty function");
}

FunctionLR::FunctionLR(torch::optim::Optimizer& optimizer, const LRLambda& lr_lambda, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), lr_lambdas_(base_lrs().size(), lr_lambda) {
  TORCH_CHECK_VALUE(lr_lambda, "lr_lambda: found an empty function");
}

void FunctionLR::fields(SchedulerFields& fields) {
  LRScheduler::fields(fields);
  fields.written("lr_lambdas", formats::List{std::vector<formats::Value>(lr_lambdas_.size())});
  const formats::Value* value = fields.find("lr_lambdas");
  if (!value) return;
  const auto* list = value->as<formats::List>();
  if (!list || list->items.size() != lr_lambdas_.size()) {
    fields.fail("lr_lambdas", *value,
                "a list of " + std::to_string(lr_lambdas_.size()) + " entries, one per group of the optimizer");
  }
}

LambdaLR::LambdaLR(torch::optim::Optimizer& optimizer, const LRLambda& lr_lambda, int64_t last_epoch)
    : FunctionLR(optimizer, lr_lambda, last_epoch) {
  initial_step();
}

LambdaLR::LambdaLR(torch::optim::Optimizer& optimizer, std::vector<LRLambda> lr_lambda, int64_t last_epoch)
    : FunctionLR(optimizer, std::move(lr_lambda), last_epoch) {
  initial_step();
}

std::vector<double> LambdaLR::get_lr() {
  auto rates = base_lrs();
  for (size_t i = 0; i < rates.size(); ++i) rates[i] *= lr_lambdas_.at(i)(last_epoch());
  return rates;
}

MultiplicativeLR::MultiplicativeLR(torch::optim::Optimizer& optimizer, const LRLambda& lr_lambda, int64_t last_epoch)
    : FunctionLR(optimizer, lr_lambda, last_epoch) {
  initial_step();
}

MultiplicativeLR::MultiplicativeLR(torch::optim::Optimizer& optimizer, std::vector<LRLambda> lr_lambda,
                                   int64_t last_epoch)
    : FunctionLR(optimizer, std::move(lr_lambda), last_epoch) {
  initial_step();
}

std::vector<double> MultiplicativeLR::get_lr() {
  auto rates = group_lrs();
  if (is_initial()) return rates;
  TORCH_CHECK_VALUE(rates.size() == lr_lambdas_.size(), "MultiplicativeLR: found ", rates.size(),
                    " groups in the optimizer, expected ", lr_lambdas_.size(), ", as when it was made");
  for (size_t i = 0; i < rates.size(); ++i) rates[i] *= lr_lambdas_[i](last_epoch());
  return rates;
}

}  // namespace torch_ext
