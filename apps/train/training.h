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
  /// The seconds that the rest of the epoch's steps took; nothing when they were ended before.
  std::optional<double> train_steps(const std::string& title);
  /// Whether the test accuracy has stopped getting better. Called in all processes.
  bool stops_early();
  /// After an epoch that was ended before: by a signal, to any of the processes, or by a limit.
  int ended();
  int stopped(int signal);
  int reached_limit();
  int done();
  double seconds() const;
  /// Called in all processes; the main one saves.
  void save();
  void begin_files();
  void report(const std::string& title, const torch_ext::Tally& train, const torch_ext::Tally& test, double lr,
              double seconds);

  torch_ext::Run& run_;
  RunFolder folder_;
  torch_ext::CheckpointManager* checkpoints_;
  std::optional<torch_ext::CsvLog> metrics_;
  std::optional<torch_ext::CsvLog> steps_;
  std::optional<TensorBoardLog> tensorboard_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};
