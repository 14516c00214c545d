#include "libtorch_ext/train/epoch.h"

#include <torch/torch.h>

namespace torch_ext {

bool train_epoch(Run& run, const std::function<bool(double loss)>& on_step) {
  run.model.ptr()->train();
  for (const Batch& batch : *run.train_loader) {
    const at::Tensor scores = run.model.forward(batch.data);
    const at::Tensor loss = torch::cross_entropy_loss(scores, batch.target);
    run.optimizer->zero_grad();
    loss.backward();
    run.optimizer->step();

    const double value = loss.item<double>();
    run.tally.add(value, scores, batch.target);
    run.position = run.train_loader->state_dict();
    ++run.step;
    if (!on_step(value)) return false;
  }
  return true;
}

std::optional<Tally> evaluate(Run& run, const std::function<bool()>& keep_on) {
  torch::NoGradGuard no_grad;
  run.model.ptr()->eval();
  Tally tally;
  for (const Batch& batch : *run.test_loader) {
    const at::Tensor scores = run.model.forward(batch.data);
    tally.add(torch::cross_entropy_loss(scores, batch.target).item<double>(), scores, batch.target);
    if (!keep_on()) return std::nullopt;
  }
  return tally;
}

Tally finish_epoch(Run& run) {
  if (run.scheduler) run.scheduler->step();
  ++run.epoch;
  run.position = run.train_loader->state_dict();
  return std::exchange(run.tally, {});
}

}  // namespace torch_ext
