#include "libtorch_ext/train/fit.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "libtorch_ext/train/epoch.h"
#include "libtorch_ext/train/metrics/better_test.h"

namespace torch_ext {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

bool in_any(const ProcessGroup& group, bool value) {
  const auto flag = torch::full({1}, value, torch::TensorOptions(torch::kLong).device(group.device()));
  group.all_reduce(flag, ReduceOp::kMax);
  return flag.item<int64_t>() != 0;
}

// Whether the end of the epoch under way is one at which the model is tested.
bool is_tested(const Run& run) {
  const int64_t epoch = run.epoch + 1;
  return epoch % run.config.eval_every_epochs == 0 || epoch == run.config.epochs;
}

// Takes a test into account; returns whether it is the best so far.
bool count_test(Run& run, const Tally& test, int64_t epoch) {
  const double accuracy = test.accuracy(), loss = test.mean_loss();
  const bool is_best = is_better_test(accuracy, loss, run.best, run.best_loss);
  const bool is_better = is_best && accuracy != run.best;
  run.tests_without_better = is_better ? 0 : run.tests_without_better + 1;
  if (!is_best) return false;
  run.best = accuracy;
  run.best_loss = loss;
  run.best_epoch = epoch;
  return true;
}

bool stops_early(const Run& run) {
  return run.config.early_stopping && run.tests_without_better >= run.config.early_stopping->patience;
}

}  // namespace

FitEnd fit(Run& run, const FitHooks& hooks) {
  const TrainConfig& config = run.config;
  const Stopwatch whole_time;
  const auto keep_on = [&] { return !hooks.keep_on || hooks.keep_on(); };
  run.train_loader->load_state_dict(run.position);  // a fit that was stopped in a test goes on with the test
  while (run.epoch < config.epochs) {
    if (stops_early(run)) return FitEnd::kEarly;
    if (config.max_steps && run.step >= *config.max_steps) return FitEnd::kLimit;
    if (hooks.on_epoch_begin) hooks.on_epoch_begin();
    const Stopwatch time;
    const int64_t first = run.position.batch;
    int64_t last = first;
    EpochResult result{.epoch = run.epoch + 1};
    result.whole = train_epoch(run, [&](double loss) {
      last = run.position.batch;
      if (hooks.on_step) hooks.on_step(loss);
      return keep_on() && (!config.max_time || whole_time.seconds() < *config.max_time);
    });
    result.seconds = time.seconds();
    if (!result.whole && in_any(run.group, !keep_on())) return FitEnd::kStopped;

    if (!result.whole || is_tested(run)) {
      result.test = evaluate(run, keep_on);
      if (!result.test) return FitEnd::kStopped;
      if (result.test->samples == 0) result.test.reset();  // nothing was measured
    }
    const auto samples = static_cast<double>((last - first) * *config.data.batch_size * run.group.size());
    result.samples_per_second = samples / std::max(result.seconds, 1e-9);
    result.wait_share = run.train_loader->metrics().wait_share();
    result.lr = run.lr();
    result.train = result.whole ? finish_epoch(run, result.test) : run.tally.over(run.group);
    if (result.test) result.is_best = count_test(run, *result.test, result.epoch);
    if (hooks.on_epoch) hooks.on_epoch(result);
    if (!result.whole) return FitEnd::kLimit;
  }
  return FitEnd::kDone;
}

}  // namespace torch_ext
