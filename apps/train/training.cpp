#include "training.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <limits>

#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/train/epoch.h"
#include "progress.h"
#include "run_report.h"
#include "stop_signal.h"

namespace tx = torch_ext;

Training::Training(tx::Run& run, RunFolder folder, tx::CheckpointManager* checkpoints)
    : run_(run), folder_(std::move(folder)), checkpoints_(checkpoints) {
  if (checkpoints_) begin_files();
}

void Training::begin_files() {
  metrics_.emplace(folder_.file("metrics.csv"),
                   std::vector<std::string>{"epoch", "step", "lr", "train_loss", "train_accuracy", "test_loss",
                                            "test_accuracy", "seconds", "samples_per_second", "wait_share"},
                   run_.epoch);
  if (run_.config.log_steps) {
    std::vector<std::string> columns{"step", "loss"};
    if (run_.config.log_grad_norm) columns.push_back("grad_norm");
    steps_.emplace(folder_.file("steps.csv"), columns, run_.step);
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
  if (checkpoints_) checkpoints_->wait();
  const bool reported = run_.config.report && write_run_report(run_, folder_);
  if (!checkpoints_) return 0;
  std::printf("done: %lld epochs, best test accuracy %.2f %%; %s and best.pt hold the weights%s\n",
              static_cast<long long>(run_.epoch), 100 * run_.best.value_or(0), folder_.file("last.pt").c_str(),
              reported ? ", report.html shows what they do" : "");
  return 0;
}

std::string Training::title() const {
  return "epoch " + std::to_string(run_.epoch + 1) + "/" + std::to_string(run_.config.epochs);
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

bool Training::train_steps() {
  std::optional<Progress> progress;
  const auto begin = std::chrono::steady_clock::now();
  const int64_t start = run_.position.batch;
  const int64_t samples_per_batch = *run_.config.data.batch_size * run_.group.size();
  if (checkpoints_) progress.emplace(title(), run_.train_loader->size(), start, samples_per_batch);
  const auto every = run_.config.checkpoint.every_steps;
  int64_t batches = 0;
  const bool whole = tx::train_epoch(run_, [&](double loss) {
    batches = run_.position.batch - start;
    if (progress) progress->update(run_.position.batch, run_.tally.mean_loss(), run_.lr());
    if (steps_) log_step(loss);
    if (tensorboard_) tensorboard_->step(run_, loss);
    if (every && run_.step % *every == 0) save();
    const bool in_time = !run_.config.max_time || seconds() < *run_.config.max_time;
    return in_time && stop_signal::received() == 0;
  });
  if (progress) progress->finish();
  epoch_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  epoch_samples_ = static_cast<double>(batches * samples_per_batch);
  return whole;
}

void Training::log_step(double loss) {
  if (run_.grad_norm.defined()) {
    steps_->append(run_.step, {loss, run_.grad_norm.item<double>()});
  } else {
    steps_->append(run_.step, {loss});
  }
}

bool Training::is_tested() const {
  const int64_t epoch = run_.epoch + 1;
  return epoch % run_.config.eval_every_epochs == 0 || epoch == run_.config.epochs;
}

bool Training::epoch() {
  if (!train_steps()) return false;
  std::optional<tx::Tally> test;
  if (is_tested()) {
    test = tx::evaluate(run_, [] { return stop_signal::received() == 0; });
    if (!test) return false;
  }
  const std::string name = title();
  const double lr = run_.lr();
  const tx::Tally train = tx::finish_epoch(run_, test);
  report(name, run_.epoch, train, test, lr);
  return true;
}

void Training::report(const std::string& title, int64_t epoch, const tx::Tally& train,
                      const std::optional<tx::Tally>& test, double lr) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const double accuracy = test ? test->accuracy() : unknown;
  if (accuracy > run_.best.value_or(-1)) run_.best_epoch = epoch;
  const auto checkpoint = tx::checkpoint_of(run_);
  if (!checkpoints_) return;
  const double rate = epoch_samples_ / std::max(epoch_seconds_, 1e-9);
  const double wait_share = run_.train_loader->metrics().wait_share();
  // The row comes first: a resumed run drops rows beyond its checkpoint, but can't make up for one that is missing.
  metrics_->append(epoch, {static_cast<double>(run_.step), lr, train.mean_loss(), train.accuracy(),
                           test ? test->mean_loss() : unknown, accuracy, epoch_seconds_, rate, wait_share});
  if (tensorboard_) tensorboard_->epoch(run_, train, test, rate);
  const bool is_best = checkpoints_->save_epoch(checkpoint, accuracy);
  if (is_best) run_.best = accuracy;
  std::printf("%s  loss %.4f  accuracy %.2f %%", title.c_str(), train.mean_loss(), 100 * train.accuracy());
  if (test) {
    std::printf("  test loss %.4f  test accuracy %.2f %%%s", test->mean_loss(), 100 * accuracy, is_best ? " (best)" : "");
  }
  std::printf("  lr %g  %.1f s, %.0f %% of it waiting for data\n", lr, epoch_seconds_, 100 * wait_share);
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
  report(title() + ", to the limit after step " + std::to_string(run_.step), run_.epoch + 1, run_.tally.over(run_.group),
         test, run_.lr());
  return done();
}
