#include "libtorch_ext/train/lr_find.h"

#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "libtorch_ext/train/epoch.h"

namespace torch_ext {
namespace {

constexpr double kKept = 0.9;     // of the smoothed loss, from one step to the next
constexpr double kRunsAway = 4;   // times the lowest loss

void set_lr(torch::optim::Optimizer& optimizer, double lr) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(lr);
}

// The rate of the steepest fall over a few neighbours, by the logarithm of the rate.
double steepest(const std::vector<double>& lrs, const std::vector<double>& losses) {
  constexpr size_t kReach = 3;
  double best_slope = 0;
  double found = 0;
  for (size_t i = kReach; i + kReach < losses.size(); ++i) {
    const double slope = (losses[i + kReach] - losses[i - kReach]) / std::log(lrs[i + kReach] / lrs[i - kReach]);
    if (slope < best_slope) {
      best_slope = slope;
      found = lrs[i];
    }
  }
  return found;
}

}  // namespace

LrFind lr_find(Run& run, const LrFindOptions& options) {
  TORCH_CHECK_VALUE(options.start > 0 && options.end > options.start && options.steps > 1, "lr_find: found start ",
                    options.start, ", end ", options.end, ", steps ", options.steps,
                    ", expected 0 < start < end and 2 steps or more");
  run.scheduler.reset();
  run.model.ptr()->train();
  const double factor = std::pow(options.end / options.start, 1 / static_cast<double>(options.steps - 1));
  LrFind found;
  double average = 0;
  double lowest = std::numeric_limits<double>::infinity();
  while (static_cast<int64_t>(found.lrs.size()) < options.steps) {
    for (const Batch& batch : *run.train_loader) {
      const auto step = static_cast<int64_t>(found.lrs.size());
      if (step == options.steps) break;
      const double lr = options.start * std::pow(factor, static_cast<double>(step));
      set_lr(*run.optimizer, lr);
      double loss = 0;
      try {
        loss = train_batch(run, batch);
      } catch (const NonFiniteLoss&) {
        loss = std::numeric_limits<double>::infinity();
      }
      average = kKept * average + (1 - kKept) * loss;
      const double smoothed = average / (1 - std::pow(kKept, static_cast<double>(step + 1)));
      if (!std::isfinite(loss) || smoothed > kRunsAway * lowest) {
        found.suggestion = steepest(found.lrs, found.losses);
        break;
      }
      lowest = std::min(lowest, smoothed);
      found.lrs.push_back(lr);
      found.losses.push_back(smoothed);
      optimizer_step(run);
    }
    if (found.suggestion > 0) break;
  }
  if (found.suggestion == 0) found.suggestion = steepest(found.lrs, found.losses);
  if (found.suggestion == 0) {
    throw Error("lr_find: found no learning rate from " + std::to_string(options.start) + " to " +
                std::to_string(options.end) + " with which the loss falls, expected one; look at the model and the data");
  }
  return found;
}

std::string to_text(const LrFind& found) {
  std::string text;
  char line[96];
  constexpr size_t kLines = 25;
  const size_t stride = std::max<size_t>(1, found.lrs.size() / kLines);
  for (size_t i = 0; i < found.lrs.size(); i += stride) {
    std::snprintf(line, sizeof(line), "lr %-10.3g  loss %.4f\n", found.lrs[i], found.losses[i]);
    text += line;
  }
  std::snprintf(line, sizeof(line), "the loss falls most steeply at lr %.3g\n", found.suggestion);
  return text + line;
}

}  // namespace torch_ext
