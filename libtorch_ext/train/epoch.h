#pragma once

#include <functional>
#include <optional>

#include "libtorch_ext/train/run.h"

namespace torch_ext {

struct ClassificationReport;

/// A loss that is infinite or not a number. The message names the step and the module where numbers went bad first.
/// The weights are those before the step.
class NonFiniteLoss : public Error {
 public:
  using Error::Error;
};

/// Forward, loss and backward of one batch, as the run's config says (see `forward.h`); its gradients, divided by `batches_a_step`, add to
/// those that are there. Counts it in `run.tally` and returns its loss. Throws `NonFiniteLoss`.
double train_batch(Run& run, const Batch& batch, int64_t batches_a_step = 1);

/// Clips the gradients, steps the optimizer and a schedule that goes by steps, drops the gradients and averages the
/// weights.
void optimizer_step(Run& run);

/// Trains on the rest of the epoch that is under way: `train_batch` for each batch, and `optimizer_step` for each
/// `accumulate_batches`. Keeps `run.step`, `run.position` and `run.tally` up to date and calls `on_step` with each
/// step's loss, the mean over its batches (and over the processes where `log_steps` is on); where that returns false,
/// or `max_steps` are taken, stops between two steps and returns false. The whole epoch: true.
///
/// In a group of several, all stop at the same step, the one after that in which any of them wanted to.
bool train_epoch(Run& run, const std::function<bool(double loss)>& on_step);

/// The test set's loss and accuracy, with the averaged weights where there are some; without gradients, in eval mode.
/// Stops early, and returns nothing, once `keep_on` returns false; it is asked after each batch.
std::optional<Tally> evaluate(Run& run, const std::function<bool()>& keep_on);

/// The same in detail, for a report: by class, the worst mistakes under the names of their files below `data.root`, ….
std::optional<ClassificationReport> evaluate_in_detail(Run& run, const std::function<bool()>& keep_on);

/// Ends the epoch: steps a schedule that goes by epochs, counts the epoch, empties the tally and returns it. `test`:
/// what `evaluate` found; without, a schedule that goes by a metric stays where it is.
Tally finish_epoch(Run& run, const std::optional<Tally>& test);

}  // namespace torch_ext
