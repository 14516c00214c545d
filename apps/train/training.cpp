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
  if (run_.config.tensorboard) tensorboard_.emplace(folder_.file("tensorboard"), run_);
  tx::formats::AtomicFile config(folder_.file("config.json"));
  config.write(tx::to_json(run_.config));
  config.commit();
}

int Training::run() {
  while (run_.epoch < run_.config.epochs) {
    if (run_.config.max_steps && run_.step >= *run_.config.max_steps) break;
    if (!epoch()) return ended();
    if (stops_early()) break;
  }
  return done();
}

int Training::done() {
  if (!checkpoints_) return 0;
  checkpoints_->wait();
  std::printf("done: %lld epochs, best test accuracy %.2f %%; %s and best.pt hold the weights\n",
              static_cast<long long>(run_.epoch), 100 * run_.best.value_or(0), folder_.file("last.pt").c_str());
  return 0;
}

double Training::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

bool Training::stops_early() {
  if (!run_.config.early_stopping) return false;
  const auto patience = run_.config.early_stopping->patience;
  const bool stops = run_.is_main() && run_.epoch - run_.best_epoch >= patience && run_.epoch < run_.config.epochs;
  if (stops) {
    std::printf("no better test accuracy for %lld epochs: stopping early\n", static_cast<long long>(patience));
  }
  return run_.group.broadcast(stops ? "stops" : "") == "stops";
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
                     *run_.config.data.batch_size * run_.group.size());
  }
  const auto every = run_.config.checkpoint.every_steps;
  const bool whole = tx::train_epoch(run_, [&](double loss) {
    if (progress) progress->update(run_.position.batch, run_.tally.mean_loss(), run_.lr());
    if (steps_) steps_->append(run_.step, {loss});
    if (tensorboard_) tensorboard_->step(run_, loss);
    if (every && run_.step % *every == 0) save();
    const bool in_time = !run_.config.max_time || seconds() < *run_.config.max_time;
    return in_time && stop_signal::received() == 0;
  });
  if (progress) progress->finish();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return whole ? std::optional(took.count()) : std::nullopt;
}

bool Training::epoch() {
  const std::string title = "epoch " + std::to_string(run_.epoch + 1) + "/" + std::to_string(run_.config.epochs);
  const auto seconds = train_steps(title);
  if (!seconds) return false;
  const auto test = tx::evaluate(run_, [] { return stop_signal::received() == 0; });
  if (!test) return false;

  const double lr = run_.lr();
  const tx::Tally train = tx::finish_epoch(run_, *test);
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
  if (tensorboard_) tensorboard_->epoch(run_, train, test);
  if (!(test.accuracy() <= run_.best.value_or(-1))) run_.best_epoch = run_.epoch;
  const bool is_best = checkpoints_->save_epoch(tx::checkpoint_of(run_), test.accuracy());
  if (is_best) run_.best = test.accuracy();
  std::printf(
      "%s  loss %.4f  accuracy %.2f %%  test loss %.4f  test accuracy %.2f %%%s  lr %g  %.1f s, %.0f %% of it waiting "
      "for data\n",
      title.c_str(), train.mean_loss(), 100 * train.accuracy(), test.mean_loss(), 100 * test.accuracy(),
      is_best ? " (best)" : "", lr, seconds, 100 * run_.train_loader->metrics().wait_share());
  std::fflush(stdout);
}

int Training::ended() {
  const auto signals = torch::full({1}, stop_signal::received(), torch::TensorOptions(torch::kLong).device(run_.group.device()));
  run_.group.all_reduce(signals, tx::ReduceOp::kMax);
  const int signal = signals.item<int>();
  return signal ? stopped(signal) : reached_limit();
}

int Training::stopped(int signal) {
  constexpr int kKilledBySignal = 128;
  save();
  if (!checkpoints_) return kKilledBySignal + signal;
  checkpoints_->wait();
  std::printf("stopped by signal %d in epoch %lld after step %lld; go on with --resume auto\n", signal,
              static_cast<long long>(run_.epoch + 1), static_cast<long long>(run_.step));
  return kKilledBySignal + signal;
}

int Training::reached_limit() {
  const auto test = tx::evaluate(run_, [] { return true; });
  const auto checkpoint = tx::checkpoint_of(run_);
  if (!checkpoints_) return 0;
  if (checkpoints_->save_epoch(checkpoint, test->accuracy())) run_.best = test->accuracy();
  std::printf("the limit is reached after step %lld, in epoch %lld: test loss %.4f, test accuracy %.2f %%\n",
              static_cast<long long>(run_.step), static_cast<long long>(run_.epoch + 1), test->mean_loss(),
              100 * test->accuracy());
  return done();
}
