#include "training.h"

#include <torch/torch.h>

#include <cstdio>
#include <filesystem>
#include <limits>

#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/inspect/non_finite.h"
#include "run_report.h"
#include "stop_signal.h"

namespace tx = torch_ext;

namespace {

std::string title(int64_t epoch, int64_t epochs) {
  return "epoch " + std::to_string(epoch) + "/" + std::to_string(epochs);
}

// Weights that went bad in the last step don't take the place of the good ones in the folder.
void check_weights(const tx::Run& run) {
  const std::string bad = tx::find_non_finite(*run.model.ptr());
  if (bad.empty()) return;
  throw tx::Error("step " + std::to_string(run.step) + ": found " + bad +
                  ", expected finite weights; last.pt stays as it was; try a lower learning rate, or clip_grad_norm");
}

}  // namespace

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
  if (checkpoints_) {
    for (const auto& note : run_.data_notes) std::printf("%s\n", note.c_str());
    if (run_.epoch == 0) announce_early_stopping();
  }
  const auto end = tx::fit(run_, {.on_epoch_begin = [this] { begin_epoch(); },
                                  .on_step = [this](double loss) { step(loss); },
                                  .on_epoch = [this](const tx::EpochResult& result) { report(result); },
                                  .keep_on = [] { return stop_signal::received() == 0; }});
  if (progress_) progress_->finish();
  if (end == tx::FitEnd::kStopped) return stopped();
  if (end == tx::FitEnd::kEarly && checkpoints_) {
    const auto tests = static_cast<long long>(run_.tests_without_better);
    std::printf("no better test accuracy in %lld %s: stopping early\n", tests, tests == 1 ? "test" : "tests in a row");
  }
  return done();
}

// A patience that is never used up is one that was thought of in other units.
void Training::announce_early_stopping() const {
  const tx::TrainConfig& config = run_.config;
  if (!config.early_stopping) return;
  const int64_t patience = config.early_stopping->patience;
  const int64_t tests = (config.epochs + config.eval_every_epochs - 1) / config.eval_every_epochs;
  if (patience + 1 < tests) return;
  std::printf("early_stopping can't end this run early: its patience is %lld tests after the best, of %lld in %lld epochs\n",
              static_cast<long long>(patience), static_cast<long long>(tests), static_cast<long long>(config.epochs));
}

void Training::begin_epoch() {
  if (!checkpoints_) return;
  progress_.emplace(title(run_.epoch + 1, run_.config.epochs), run_.train_loader->size(), run_.position.batch,
                    *run_.config.data.batch_size * run_.group.size());
}

void Training::step(double loss) {
  if (progress_) progress_->update(run_.position.batch, run_.tally.mean_loss(), run_.lr());
  if (steps_) {
    std::vector<double> numbers{loss};
    if (run_.grad_norm.defined()) numbers.push_back(run_.grad_norm.item<double>());
    steps_->append(run_.step, numbers);
  }
  if (tensorboard_) tensorboard_->step(run_, loss);
  const auto every = run_.config.checkpoint.every_steps;
  if (every && run_.step % *every == 0) save();
}

void Training::save() {
  check_weights(run_);
  const auto checkpoint = tx::checkpoint_of(run_);
  if (checkpoints_) checkpoints_->save(checkpoint);
}

void Training::report(const tx::EpochResult& result) {
  check_weights(run_);
  const auto checkpoint = tx::checkpoint_of(run_);
  if (!checkpoints_) return;
  progress_->finish();
  // The row comes first: a resumed run drops rows beyond its checkpoint, but can't make up for one that is missing.
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const double test_accuracy = result.test ? result.test->accuracy() : unknown;
  metrics_->append(result.epoch, {static_cast<double>(run_.step), result.lr, result.train.mean_loss(),
                                  result.train.accuracy(), result.test ? result.test->mean_loss() : unknown,
                                  test_accuracy, result.seconds, result.samples_per_second, result.wait_share});
  if (tensorboard_) tensorboard_->epoch(run_, result);
  checkpoints_->save_epoch(checkpoint, result.is_best ? tx::IsBest::kYes : tx::IsBest::kNo);
  print(result);
}

void Training::print(const tx::EpochResult& result) const {
  std::string name = title(result.epoch, run_.config.epochs);
  if (!result.whole) name += ", to the limit after step " + std::to_string(run_.step);
  std::printf("%s  loss %.4f  accuracy %.2f %%", name.c_str(), result.train.mean_loss(), 100 * result.train.accuracy());
  if (result.test) {
    std::printf("  test loss %.4f  test accuracy %.2f %%%s", result.test->mean_loss(), 100 * result.test->accuracy(),
                result.is_best ? " (best)" : "");
  }
  std::printf("  lr %g  %.1f s, %.0f %% of it waiting for data\n", result.lr, result.seconds, 100 * result.wait_share);
  std::fflush(stdout);
}

int Training::stopped() {
  constexpr int kKilledBySignal = 128;
  const auto received = torch::full({1}, stop_signal::received(), torch::TensorOptions(torch::kLong).device(run_.group.device()));
  run_.group.all_reduce(received, tx::ReduceOp::kMax);
  const int signal = received.item<int>();
  save();
  if (!checkpoints_) return kKilledBySignal + signal;
  checkpoints_->wait();
  std::printf("stopped by signal %d in epoch %lld after step %lld; go on with --resume auto\n", signal,
              static_cast<long long>(run_.epoch + 1), static_cast<long long>(run_.step));
  return kKilledBySignal + signal;
}

// A run that was resumed from another folder may have written nothing better, or nothing at all.
std::string Training::weights_there() const {
  const auto there = [this](const char* name) { return std::filesystem::exists(folder_.file(name)); };
  const std::string last = folder_.file(tx::kLastCheckpoint);
  if (!there(tx::kLastCheckpoint)) return "nothing was left to train, nothing was written to " + folder_.path;
  if (there(tx::kBestCheckpoint)) return last + " and best.pt hold the weights";
  return last + " holds the weights" + (run_.best ? ", the best ones stayed where it was resumed from" : "");
}

int Training::done() {
  if (checkpoints_) checkpoints_->wait();
  const bool reported = run_.config.report && write_run_report(run_, folder_);
  if (!checkpoints_) return 0;
  char best[64] = "none of them tested";
  if (run_.best) std::snprintf(best, sizeof(best), "best test accuracy %.2f %%", 100 * *run_.best);
  std::printf("done: %lld epochs, %s; %s%s\n", static_cast<long long>(run_.epoch), best, weights_there().c_str(),
              reported ? ", report.html shows what they do" : "");
  return 0;
}
