#pragma once

#include <optional>
#include <string>

#include "libtorch_ext/checkpoint/manager.h"
#include "libtorch_ext/train/csv_log.h"
#include "libtorch_ext/train/fit.h"
#include "progress.h"
#include "run_folder.h"
#include "tensorboard_log.h"

/// Carries a run to its end and keeps its folder up to date.
class Training {
 public:
  /// `checkpoints` writes into the same folder; null in a process that isn't the main one, which writes nothing.
  Training(torch_ext::Run& run, RunFolder folder, torch_ext::CheckpointManager* checkpoints);

  /// Returns the program's exit code: 0, or 128 + the signal that stopped it, as shells have it.
  int run();

 private:
  void begin_files();
  void begin_epoch();
  void step(double loss);
  /// Writes what an epoch, or the part of one before a limit, came to: logs, checkpoints, a line.
  void report(const torch_ext::EpochResult& result);
  void print(const torch_ext::EpochResult& result) const;
  /// Called in all processes; the main one saves.
  void save();
  int stopped();
  int done();
  void announce_early_stopping() const;
  std::string weights_there() const;

  torch_ext::Run& run_;
  RunFolder folder_;
  torch_ext::CheckpointManager* checkpoints_;
  std::optional<torch_ext::CsvLog> metrics_;
  std::optional<torch_ext::CsvLog> steps_;
  std::optional<TensorBoardLog> tensorboard_;
  std::optional<Progress> progress_;
};
