#include "libtorch_ext/optim/update_bn.h"

#include <torch/nn/modules/batchnorm.h>

#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/parallel/sync_batch_norm.h"

namespace torch_ext {
namespace {

template <typename Impl>
bool gather_in(torch::nn::Module& module, std::vector<std::function<void()>>& restore) {
  auto* norm = dynamic_cast<Impl*>(&module);
  if (!norm) return false;
  norm->reset_running_stats();
  restore.push_back([norm, momentum = norm->options.momentum()] { norm->options.momentum(momentum); });
  norm->options.momentum(std::nullopt);
  return true;
}

}  // namespace

GatherBatchNormStatistics::GatherBatchNormStatistics(torch::nn::Module& module)
    : module_(module), was_training_(module.is_training()) {
  for (const auto& below : modules(module)) {
    gather_in<torch::nn::BatchNorm1dImpl>(*below, restore_) ||
        gather_in<torch::nn::BatchNorm2dImpl>(*below, restore_) ||
        gather_in<torch::nn::BatchNorm3dImpl>(*below, restore_) || gather_in<SyncBatchNormImpl>(*below, restore_);
  }
  if (any()) module_.train();
}

GatherBatchNormStatistics::~GatherBatchNormStatistics() {
  for (const auto& restore : restore_) restore();
  if (any()) module_.train(was_training_);
}

}  // namespace torch_ext
