#pragma once

#include <functional>

#include "libtorch_ext/train/run.h"

namespace torch_ext {

/// Trains on the rest of the epoch that is under way: forward, cross entropy and backward for each batch, and a step
/// for each `accumulate_batches`. Keeps `run.step`, `run.position` and `run.tally` up to date and calls `on_step` with
/// each step's loss, the mean over its batches (and over the processes where `log_steps` is on); where that returns
/// false, stops between two steps and returns false. The whole epoch: true.
///
/// In a group of several, all stop at the same step, the one after that in which any of them wanted to.
bool train_epoch(Run& run, const std::function<bool(double loss)>& on_step);

/// The test set's loss and accuracy; without gradients, in eval mode. Stops early, and returns nothing, once
/// `keep_on` returns false; it is asked after each batch.
std::optional<Tally> evaluate(Run& run, const std::function<bool()>& keep_on);

/// Ends the epoch: steps the schedule, counts the epoch, empties the tally and returns it.
Tally finish_epoch(Run& run);

}  // namespace torch_ext
