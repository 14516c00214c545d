#include "training.h"

#include <torch/torch.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/train/epoch.h"
#include "progress.h"
#include "stop_signal.h"

namespace tx = torch_ext;

Training::Training(tx::Run& run, RunFolder folder, tx::CheckpointManager* checkpoints)
    : run_(run), folder_(std::move(folder)), checkpoints_(checkpoints) {
  if (checkpoints_) begin_files();
}

void Training::begin_files() {
  metrics_.emplace(folder_.file("metrics.csv"),
                   std::vector<std::string>{"epoch", "step", "lr", "train_loss", "train_accuracy", "test_loss",
                                            "test_accuracy", "seconds"},
                   run_.epoch);
  if (run_.config.log_steps) {
    steps_.emplace(folder_.file("steps.csv"), std::vector<std::string>{"step", "loss"}, run_.step);
  }
  tx::formats::AtomicFile config(folder_.file("config.json"));
  config.write(tx::to_json(run_.config));
  config.commit();
}

int Training::run() {
  while (run_.epoch < run_.config.epochs) {
    if (!epoch()) return stopped();
  }
  if (!checkpoints_) return 0;
  checkpoints_->wait();
  std::printf("done: %lld epochs, best test accuracy %.2f %%; %s and best.pt hold the weights\n",
              static_cast<long long>(run_.epoch), 100 * run_.best.value_or(0), folder_.file("last.pt").c_str());
  return 0;
}

void Training::save() {
  const auto checkpoint = tx::checkpoint_of(run_);
  if (checkpoints_) checkpoints_->save(checkpoint);
}

std::optional<double> Training::train_steps(const std::string& title) {
  std::optional<Progress> progress;
  const auto begin = std::chrono::steady_clock::now();
  if (checkpoints_) {
    progress.emplace(title, run_.train_loader->size(), run_.position.batch,
                     run_.config.data.batch_size * run_.group.size());
  }
  const auto every = run_.config.checkpoint.every_steps;
  const bool whole = tx::train_epoch(run_, [&](double loss) {
    if (progress) progress->update(run_.position.batch, run_.tally.mean_loss());
    if (steps_) steps_->append(run_.step, {loss});
    if (every && run_.step % *every == 0) save();
    return stop_signal::received() == 0;
  });
  if (progress) progress->finish();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return whole ? std::optional(seconds.count()) : std::nullopt;
}

bool Training::epoch() {
  const std::string title = "epoch " + std::to_string(run_.epoch + 1) + "/" + std::to_string(run_.config.epochs);
  const auto seconds = train_steps(title);
  if (!seconds) return false;
  const auto test = tx::evaluate(run_, [] { return stop_signal::received() == 0; });
  if (!test) return false;

  const double lr = run_.lr();
  const tx::Tally train = tx::finish_epoch(run_);
  if (checkpoints_) {
    report(title, train, *test, lr, *seconds);
  } else {
    tx::checkpoint_of(run_);
  }
  return true;
}

void Training::report(const std::string& title, const tx::Tally& train, const tx::Tally& test, double lr,
                      double seconds) {
  // The row comes first: a resumed run drops rows beyond its checkpoint, but can't make up for one that is missing.
  metrics_->append(run_.epoch, {static_cast<double>(run_.step), lr, train.mean_loss(), train.accuracy(),
                                test.mean_loss(), test.accuracy(), seconds});
  const bool is_best = checkpoints_->save_epoch(tx::checkpoint_of(run_), test.accuracy());
  if (is_best) run_.best = test.accuracy();
  std::printf(
      "%s  loss %.4f  accuracy %.2f %%  test loss %.4f  test accuracy %.2f %%%s  lr %g  %.1f s, %.0f %% of it waiting "
      "for data\n",
      title.c_str(), train.mean_loss(), 100 * train.accuracy(), test.mean_loss(), 100 * test.accuracy(),
      is_best ? " (best)" : "", lr, seconds, 100 * run_.train_loader->metrics().wait_share());
  std::fflush(stdout);
}

int Training::stopped() {
  // Of several processes, only one may have been signalled.
  const int signal = stop_signal::received() ? stop_signal::received() : SIGTERM;
  constexpr int kKilledBySignal = 128;
  save();
  if (!checkpoints_) return kKilledBySignal + signal;
  checkpoints_->wait();
  std::printf("stopped by signal %d in epoch %lld after step %lld; go on with --resume auto\n", signal,
              static_cast<long long>(run_.epoch + 1), static_cast<long long>(run_.step));
  return kKilledBySignal + signal;
}
