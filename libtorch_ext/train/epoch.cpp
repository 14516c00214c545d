#include "libtorch_ext/train/epoch.h"

#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "libtorch_ext/data/datasets/subset.h"
#include "libtorch_ext/data/transforms/mixup.h"
#include "libtorch_ext/formats/python_float.h"
#include "libtorch_ext/inspect/activation_stats.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/optim/clip_grad.h"
#include "libtorch_ext/optim/lr_schedulers/reduce_lr_on_plateau.h"
#include "libtorch_ext/optim/penalty.h"
#include "libtorch_ext/optim/zero_grad.h"
#include "libtorch_ext/parallel/stop_vote.h"
#include "libtorch_ext/train/forward.h"
#include "libtorch_ext/train/model_check.h"
#include "libtorch_ext/train/report/classification_details.h"

namespace torch_ext {
namespace {

// The batch with its samples mixed, where the config says so. What is random depends on the seed and the batch alone.
Batch mixed(const Run& run, const Batch& batch) {
  const LossConfig& loss = run.config.loss;
  if (loss.mixup_alpha == 0 && loss.cutmix_alpha == 0) return batch;
  const LoaderState read = run.train_loader->state_dict();
  const int64_t number = read.epoch * run.train_loader->size() + read.batch - 1;  // of the batch, over all epochs
  Random random(static_cast<uint64_t>(run.config.seed),
                static_cast<uint64_t>(number * run.group.size() + run.group.rank()));
  const bool cuts = loss.cutmix_alpha > 0 && (loss.mixup_alpha == 0 || random.chance(0.5));
  const transforms::MixOptions options{.num_classes = run.config.model.num_classes,
                                       .alpha = cuts ? loss.cutmix_alpha : loss.mixup_alpha};
  return cuts ? transforms::CutMix(options)(batch, random) : transforms::MixUp(options)(batch, random);
}

[[noreturn]] void throw_non_finite(const Run& run, const at::Tensor& images, double loss) {
  std::string where = "; no module's output is bad by itself";
  try {
    if (const auto bad = find_non_finite(run.model, images)) {
      where = "; first in " + (bad->name.empty() ? "the model itself" : bad->name) + " (" + bad->class_name + ")";
      if (!bad->bad_tensor.empty()) where += ", whose " + bad->bad_tensor + " isn't finite";
      if (bad->in_input) where += ", which was given such numbers";
    }
  } catch (const c10::Error&) {
    where = "";
  }
  throw NonFiniteLoss("step " + std::to_string(run.step + 1) + ": found a loss of " + formats::python_float(loss) +
                      ", expected a finite one" + where + "; try a lower learning rate, or clip_grad_norm");
}

// Throws the error of a forward again, with the step and the layer where they can be told.
[[noreturn]] void throw_failed_forward(const Run& run, const at::Tensor& images) {
  const auto error = std::current_exception();
  const std::string problem = forward_problem(run.config, run.model, images);
  if (problem.empty()) std::rethrow_exception(error);
  throw Error(c10::str("step ", run.step + 1, ": ", run.config.model.name, " can't train on images ", images.sizes(), ": ",
                       problem));
}

at::Tensor total_grad_norm(const torch::nn::Module& model) {
  std::vector<at::Tensor> grads;
  for (const auto& parameter : parameters(model)) {
    if (parameter.grad().defined()) grads.push_back(parameter.grad());
  }
  return get_total_norm(grads);
}

// Whether the step that was just taken is one after which the weights are averaged in.
bool averages(const Run& run) {
  if (!run.averaged_model) return false;
  const AveragedModelConfig& config = *run.config.averaged_model;
  return run.epoch >= config.start_epoch && (run.step + 1) % config.every_steps == 0;
}

double mean_over_ranks(double value, const ProcessGroup& group) {
  if (group.size() == 1) return value;
  const auto sum = torch::full({1}, value, torch::TensorOptions(torch::kDouble).device(group.device()));
  group.all_reduce(sum);
  return sum.item<double>() / group.size();
}

// Calls `each` with the scores of every batch of the test set: of the averaged weights where there are some, in eval
// mode. Ends early, and returns false in all processes, once `each` returns false in one.
bool for_each_test_batch(Run& run, const std::function<bool(const Batch&, const at::Tensor& scores)>& each) {
  torch::NoGradGuard no_grad;
  run.model.ptr()->eval();
  run.group.broadcast(buffers(*run.model.ptr()));
  std::optional<AveragedWeights> averaged;
  if (run.averaged_model && run.averaged_model->n_averaged() > 0) averaged.emplace(*run.averaged_model, *run.model.ptr());
  bool whole = true;
  for (const Batch& batch : *run.test_loader) {
    const auto guard = autocast_for(run.config, run.device);
    whole = each(batch, run.model.forward(images_for(run.config, batch.data)));
    if (!whole) break;
  }
  return mean_over_ranks(whole, run.group) == 1;
}

// What a run's test samples are called. Of several processes each has a `Subset` of them.
class TestSamples {
 public:
  explicit TestSamples(const Run& run) : own_(run.test_loader->dataset()), root_(run.config.data.root) {
    if (run.group.size() > 1) part_ = dynamic_cast<const Subset*>(&own_);
    numbers_ = part_ ? torch::tensor(part_->indices()) : at::arange(own_.size(), at::kLong);
  }

  // Of this process's samples, their numbers among all.
  at::Tensor indices(int64_t begin, int64_t count) const { return numbers_.narrow(0, begin, count); }

  // A sample's file below the data's root; empty where it has none.
  std::string name(int64_t index) const {
    const std::string name = part_ ? part_->dataset().name(index) : own_.name(index);
    const std::string below = std::filesystem::path(name).lexically_relative(root_).string();
    return below.empty() ? name : below;
  }

 private:
  const Dataset& own_;
  std::filesystem::path root_;
  const Subset* part_ = nullptr;
  at::Tensor numbers_;
};

at::Tensor forward(Run& run, const at::Tensor& images) {
  try {
    return run.ddp ? run.ddp->forward(images) : run.model.forward(images);
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::Error&) {
    throw_failed_forward(run, images);
  }
}

}  // namespace

double train_batch(Run& run, const Batch& batch, int64_t batches_a_step) {
  const Batch given = mixed(run, batch);
  const at::Tensor images = images_for(run.config, given.data);
  at::Tensor scores, loss;
  {
    const auto guard = autocast_for(run.config, run.device);
    scores = forward(run, images);
    loss = loss_of(run.config, scores, given.target);
  }
  if (run.config.loss.l1 > 0) loss = loss + l1_penalty(*run.model.ptr(), run.config.loss.l1);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) throw_non_finite(run, images, value);
  if (batches_a_step > 1) loss = loss / batches_a_step;
  (run.scaler ? run.scaler->scale(loss) : loss).backward();
  run.tally.add(value, scores, batch.target);
  return value;
}

void optimizer_step(Run& run) {
  const auto& config = run.config;
  const torch::nn::Module& model = *run.model.ptr();
  if (run.scaler) run.scaler->unscale_(*run.optimizer);
  at::Tensor norm;
  if (config.clip_grad_norm) norm = clip_grad_norm_(model, *config.clip_grad_norm);
  if (config.log_grad_norm) run.grad_norm = norm.defined() ? norm : total_grad_norm(model);
  if (config.clip_grad_value) clip_grad_value_(model, *config.clip_grad_value);
  if (config.clip_grad_adaptive) adaptive_clip_grad_(model, {.clip_factor = *config.clip_grad_adaptive});
  if (run.scaler) {
    run.scaler->step(*run.optimizer);
    run.scaler->update();
  } else {
    run.optimizer->step();
  }
  zero_grad(*run.optimizer);
  if (averages(run)) run.averaged_model->update_parameters(model);
  if (run.scheduler && steps_each_batch(*config.lr_scheduler)) run.scheduler->step();
}

bool train_epoch(Run& run, const std::function<bool(double loss)>& on_step) {
  run.model.ptr()->train();
  StopVote vote(run.group);
  const int64_t batches_a_step = run.config.accumulate_batches;
  int64_t done = run.position.batch;
  double loss_sum = 0;
  int64_t in_step = 0;
  zero_grad(*run.optimizer);
  for (const Batch& batch : *run.train_loader) {
    ++done;
    ++in_step;
    if (done % batches_a_step != 0 && done != run.train_loader->size()) {
      std::optional<NoSync> no_sync;
      if (run.ddp) no_sync.emplace(run.ddp->reducer());
      loss_sum += train_batch(run, batch, batches_a_step);
      continue;
    }
    loss_sum += train_batch(run, batch, batches_a_step);
    optimizer_step(run);

    double loss = std::exchange(loss_sum, 0) / static_cast<double>(std::exchange(in_step, 0));
    if (run.config.log_steps) loss = mean_over_ranks(loss, run.group);
    run.position = run.train_loader->state_dict();
    ++run.step;
    const bool goes_on = on_step(loss);
    if (run.config.max_steps && run.step >= *run.config.max_steps) return false;
    if (vote.any(!goes_on)) return false;
  }
  return true;
}

std::optional<Tally> evaluate(Run& run, const std::function<bool()>& keep_on) {
  Tally tally;
  const bool whole = for_each_test_batch(run, [&](const Batch& batch, const at::Tensor& scores) {
    tally.add(torch::cross_entropy_loss(scores, batch.target).item<double>(), scores, batch.target);
    return keep_on();
  });
  if (!whole) return std::nullopt;
  return tally.over(run.group);
}

std::optional<ClassificationReport> evaluate_in_detail(Run& run, const std::function<bool()>& keep_on) {
  constexpr int64_t kMostProbabilities = 100'000'000;
  const auto& config = run.config;
  const int64_t classes = config.model.num_classes;
  ClassificationDetails details({.num_classes = classes,
                                 .top_k = classes > 5 ? std::vector<int64_t>{1, 5} : std::vector<int64_t>{1},
                                 .auroc = run.test_samples * classes <= kMostProbabilities,
                                 .mean = config.data.mean,
                                 .std = config.data.std});
  const bool has_pictures = config.model.in_channels == 1 || config.model.in_channels == 3;
  const TestSamples samples(run);
  int64_t tested = 0;
  const bool whole = for_each_test_batch(run, [&](const Batch& batch, const at::Tensor& scores) {
    const int64_t count = scores.size(0);
    details.update(scores.to(at::kFloat), batch.target, has_pictures ? batch.data : at::Tensor(),
                   samples.indices(std::exchange(tested, tested + count), count));
    return keep_on();
  });
  if (!whole) return std::nullopt;
  details.reduce(run.group);
  auto report = details.compute();
  for (auto& mistake : report.mistakes) mistake.name = samples.name(mistake.index);
  return report;
}

Tally finish_epoch(Run& run, const std::optional<Tally>& test) {
  if (run.scheduler && !steps_each_batch(*run.config.lr_scheduler)) {
    const auto* by_metric = std::get_if<ReduceLROnPlateauConfig>(&*run.config.lr_scheduler);
    if (by_metric) {
      auto& schedule = dynamic_cast<ReduceLROnPlateau&>(*run.scheduler);
      if (test) schedule.step(by_metric->metric == "accuracy" ? test->accuracy() : test->mean_loss());
    } else {
      run.scheduler->step();
    }
  }
  ++run.epoch;
  run.position = run.train_loader->state_dict();
  return std::exchange(run.tally, {}).over(run.group);
}

}  // namespace torch_ext
