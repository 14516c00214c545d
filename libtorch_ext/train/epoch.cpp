#include "libtorch_ext/train/epoch.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/optim/zero_grad.h"
#include "libtorch_ext/parallel/stop_vote.h"

namespace torch_ext {
namespace {

// One batch's forward and backward; its gradients add to those that are there. Returns its loss.
double backward(Run& run, const Batch& batch, int64_t batches_a_step) {
  const at::Tensor scores = run.ddp ? run.ddp->forward(batch.data) : run.model.forward(batch.data);
  const at::Tensor loss = torch::cross_entropy_loss(scores, batch.target);
  (batches_a_step > 1 ? loss / batches_a_step : loss).backward();
  const double value = loss.item<double>();
  run.tally.add(value, scores, batch.target);
  return value;
}

double mean_over_ranks(double value, const ProcessGroup& group) {
  if (group.size() == 1) return value;
  const auto sum = torch::full({1}, value, torch::TensorOptions(torch::kDouble).device(group.device()));
  group.all_reduce(sum);
  return sum.item<double>() / group.size();
}

}  // namespace

bool train_epoch(Run& run, const std::function<bool(double loss)>& on_step) {
  run.model.ptr()->train();
  StopVote vote(run.group);
  const int64_t batches_a_step = run.config.accumulate_batches;
  int64_t done = run.position.batch;
  double loss_sum = 0;
  int64_t in_step = 0;
  zero_grad(*run.optimizer);
  for (const Batch& batch : *run.train_loader) {
    ++done;
    ++in_step;
    if (done % batches_a_step != 0 && done != run.train_loader->size()) {
      std::optional<NoSync> no_sync;
      if (run.ddp) no_sync.emplace(run.ddp->reducer());
      loss_sum += backward(run, batch, batches_a_step);
      continue;
    }
    loss_sum += backward(run, batch, batches_a_step);
    run.optimizer->step();
    zero_grad(*run.optimizer);

    double loss = std::exchange(loss_sum, 0) / static_cast<double>(std::exchange(in_step, 0));
    if (run.config.log_steps) loss = mean_over_ranks(loss, run.group);
    run.position = run.train_loader->state_dict();
    ++run.step;
    if (vote.any(!on_step(loss))) return false;
  }
  return true;
}

std::optional<Tally> evaluate(Run& run, const std::function<bool()>& keep_on) {
  torch::NoGradGuard no_grad;
  run.model.ptr()->eval();
  run.group.broadcast(buffers(*run.model.ptr()));
  Tally tally;
  bool whole = true;
  for (const Batch& batch : *run.test_loader) {
    const at::Tensor scores = run.model.forward(batch.data);
    tally.add(torch::cross_entropy_loss(scores, batch.target).item<double>(), scores, batch.target);
    whole = keep_on();
    if (!whole) break;
  }
  if (mean_over_ranks(whole, run.group) < 1) return std::nullopt;
  return tally.over(run.group);
}

Tally finish_epoch(Run& run) {
  if (run.scheduler) run.scheduler->step();
  ++run.epoch;
  run.position = run.train_loader->state_dict();
  return std::exchange(run.tally, {}).over(run.group);
}

}  // namespace torch_ext
