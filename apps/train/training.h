#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "libtorch_ext/checkpoint/manager.h"
#include "libtorch_ext/train/csv_log.h"
#include "libtorch_ext/train/run.h"
#include "run_folder.h"
#include "tensorboard_log.h"

/// Carries a run to its end, epoch by epoch, and keeps its folder up to date.
class Training {
 public:
  /// `checkpoints` writes into the same folder; null in a process that isn't the main one, which writes nothing.
  Training(torch_ext::Run& run, RunFolder folder, torch_ext::CheckpointManager* checkpoints);

  /// Returns the program's exit code: 0, or 128 + the signal that stopped it, as shells have it.
  int run();

 private:
  /// Trains and evaluates an epoch and writes what came of it. False when it was ended before; the run then stands
  /// between two steps.
  bool epoch();
  /// Trains on the rest of the epoch; false when it was ended before.
  bool train_steps();
  /// Whether this epoch's end is one at which the model is tested.
  bool is_tested() const;
  /// Whether the test accuracy has stopped getting better. Called in all processes.
  bool stops_early();
  /// After an epoch that was ended before: by a signal, to any of the processes, or by a limit.
  int ended();
  int stopped(int signal);
  int reached_limit();
  int done();
  std::string title() const;
  double seconds() const;
  /// Called in all processes; the main one saves.
  void save();
  void begin_files();
  void log_step(double loss);
  /// Writes what an epoch, or the part of one before a limit, has come to: logs, checkpoints, a line.
  void report(const std::string& title, int64_t epoch, const torch_ext::Tally& train,
              const std::optional<torch_ext::Tally>& test, double lr);

  torch_ext::Run& run_;
  RunFolder folder_;
  torch_ext::CheckpointManager* checkpoints_;
  std::optional<torch_ext::CsvLog> metrics_;
  std::optional<torch_ext::CsvLog> steps_;
  std::optional<TensorBoardLog> tensorboard_;
  double epoch_seconds_ = 0;  // what this epoch's steps took
  double epoch_samples_ = 0;  // that were trained on in them
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};
