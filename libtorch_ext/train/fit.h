#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "libtorch_ext/train/run.h"

namespace torch_ext {

/// What an epoch came to.
struct EpochResult {
  int64_t epoch = 0;          ///< from 1
  bool whole = true;          ///< whether all of its steps were taken; a limit may have ended it
  Tally train;                ///< of all of its samples, those before a resume included
  std::optional<Tally> test;  ///< nothing where it wasn't tested
  bool is_best = false;       ///< whether that is the best so far, see `is_better_test`
  double lr = 0;              ///< of its last step
  double seconds = 0;         ///< that its steps took, since a resume at most; without the test
  double samples_per_second = 0;
  double wait_share = 0;  ///< of `seconds`, spent waiting for data
};

/// What `fit` calls; any may be left out.
struct FitHooks {
  std::function<void()> on_epoch_begin;
  /// After each optimizer step, with its loss: see `train_epoch`.
  std::function<void(double loss)> on_step;
  /// After each epoch. The run stands at its end; `run.best` counts its test.
  std::function<void(const EpochResult& result)> on_epoch;
  /// Asked after each step and each batch of the test; false ends the fit between two steps.
  std::function<bool()> keep_on;
};

enum class FitEnd {
  kDone,     ///< all epochs
  kEarly,    ///< "early_stopping": as many tests in a row as its patience had no better accuracy
  kLimit,    ///< `max_steps` or `max_time`
  kStopped,  ///< `keep_on`, in any process of the group
};

/// Trains what is left of a run and tests it, as its config says. Writes and prints nothing. In a group of several, all
/// processes call it, and all of them get the same answer.
///
///     tx::Run run = tx::make_run(tx::read_train_config("config.json"));
///     tx::fit(run, {.on_epoch = [&](const tx::EpochResult& result) {
///       std::cout << result.epoch << ": " << result.test->accuracy() << '\n';
///     }});
///     tx::save(tx::state_dict(*run.model.ptr()), "model.pt");
FitEnd fit(Run& run, const FitHooks& hooks = {});

}  // namespace torch_ext
