#include "libtorch_ext/train/run.h"

#include <torch/torch.h>

#include <algorithm>

#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/checkpoint/rng_state.h"
#include "libtorch_ext/data/datasets/subset.h"
#include "libtorch_ext/data/samplers/distributed.h"
#include "libtorch_ext/device/deterministic.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/train/batch_size.h"
#include "libtorch_ext/train/datasets.h"
#include "libtorch_ext/train/model.h"
#include "libtorch_ext/train/model_check.h"

namespace torch_ext {
namespace {

// Steps of the whole run that its schedule counts.
int64_t schedule_steps(const TrainConfig& config, const DataLoader& loader) {
  if (!steps_each_batch(*config.lr_scheduler)) return config.epochs;
  const int64_t steps = config.epochs * steps_per_epoch(config, loader);
  return std::min(steps, config.max_steps.value_or(steps));
}

// 4-dimensional parameters and buffers lie pixel by pixel from now on. As in Python by `to`, which gives the strides of
// that format also where there is one channel or one pixel and any strides would do: oneDNN's kernels ask for them.
void to_channels_last(const torch::nn::Module& module) {
  auto tensors = parameters(module);
  for (const auto& buffer : buffers(module)) tensors.push_back(buffer);
  for (const auto& tensor : tensors) {
    if (tensor.dim() != 4) continue;
    tensor.set_data(tensor.to(tensor.options(), /*non_blocking=*/false, /*copy=*/false, at::MemoryFormat::ChannelsLast));
  }
}

formats::Dict position_of(const Run& run, TensorWriter& writer) {
  return {.items = {{"generator", writer(run.position.generator)},
                    {"epoch", run.position.epoch},
                    {"batch", run.position.batch},
                    {"batch_size", run.train_loader->options().batch_size},
                    {"samples", run.train_loader->dataset().size()},
                    {"processes", run.group.size()}}};
}

// Where this process computes, of several on its machine.
DeviceChoice device_of(const TrainConfig& config, const ProcessGroup& group) {
  const auto visible = visible_devices();
  const bool own = group.size() > 1 && (config.device == "cuda" || (config.device == "auto" && visible.count > 0));
  return pick_device(own ? "cuda:" + std::to_string(group.local_rank()) : config.device, visible);
}

// Each process's share of the test set, without a sample twice.
std::shared_ptr<const Dataset> every_nth(std::shared_ptr<const Dataset> dataset, const ProcessGroup& group) {
  if (group.size() == 1) return dataset;
  std::vector<int64_t> indices;
  for (int64_t i = group.rank(); i < dataset->size(); i += group.size()) indices.push_back(i);
  return std::make_shared<Subset>(std::move(dataset), std::move(indices));
}

void check_enough(const Dataset& train_set, const TrainConfig& config, const ProcessGroup& group) {
  if (train_set.size() >= group.size()) return;
  throw config_error(config, config.data.train_limit ? "/data/train_limit" : "/data/root",
                     c10::str("found ", train_set.size(), " training samples, expected at least one for each of ",
                              group.size(), " processes"));
}

DistributedDataParallelOptions options_of(const DistributedConfig& config) {
  const auto compression = config.compression == "float16"    ? GradientCompression::kFloat16
                           : config.compression == "bfloat16" ? GradientCompression::kBFloat16
                                                              : GradientCompression::kNone;
  return {.broadcast_buffers = config.broadcast_buffers,
          .find_unused_parameters = config.find_unused_parameters,
          .gradient_as_bucket_view = config.gradient_as_bucket_view,
          .compression = compression};
}

AveragedModelOptions options_of(const AveragedModelConfig& config) {
  return {.averaging = config.averaging == "swa" ? Averaging::kSwa : Averaging::kEma,
          .decay = config.decay,
          .use_buffers = config.use_buffers};
}

}  // namespace

double Run::lr() const { return optimizer->param_groups().front().options().get_lr(); }

int64_t steps_per_epoch(const TrainConfig& config, const DataLoader& loader) {
  return (loader.size() + config.accumulate_batches - 1) / config.accumulate_batches;
}

Run make_run(TrainConfig config, const ProcessGroup& group, const MakeRunOptions& options) {
  std::optional<LoadedFile> weights;
  if (options.loads_weights) weights = read_weights(config.model);
  if (config.num_threads) torch::set_num_threads(static_cast<int>(*config.num_threads));
  const DeviceChoice device = device_of(config, group);
  set_deterministic(config.deterministic);
  auto [train_set, test_set, class_names, data_notes] = make_datasets(config);
  check_enough(*train_set, config, group);

  torch::manual_seed(static_cast<uint64_t>(config.seed));
  auto [model, weights_report, plan, frozen] = make_model(config, weights);
  model.ptr()->to(device);
  if (config.channels_last) to_channels_last(*model.ptr());
  check_model_takes(config, model, *train_set, *test_set, device);
  const Shard shard{.index = group.rank(), .count = group.size()};
  std::optional<LargestBatch> largest;
  if (!config.data.batch_size) {
    largest = largest_batch_size(config, model, *train_set, device);
    config.data.batch_size = largest->batch_size;
  }
  const int64_t samples = shard_size(train_set->size(), shard, config.data.drop_last);
  check_smallest_batch(config, largest.has_value(), samples, model, *train_set, device);
  if (largest) largest->batch_size = *config.data.batch_size;
  DistributedDataParallel<TensorModule> ddp{nullptr};
  if (group.size() > 1) ddp = DistributedDataParallel<TensorModule>(model, group, options_of(config.distributed));

  const auto seed = static_cast<uint64_t>(config.seed);
  auto train_loader = make_loader(train_set, {.batch_size = *config.data.batch_size,
                                              .shuffle = config.data.shuffle,
                                              .num_workers = config.data.num_workers,
                                              .pin_memory = config.data.pin_memory,
                                              .drop_last = config.data.drop_last,
                                              .seed = seed,
                                              .shard = shard,
                                              .device = device.device});
  auto test_loader = make_loader(every_nth(test_set, group), {.batch_size = config.data.eval_batch_size,
                                                              .num_workers = config.data.num_workers,
                                                              .pin_memory = config.data.pin_memory,
                                                              .seed = seed,
                                                              .device = device.device});
  if (train_loader->size() == 0) {
    throw config_error(config, "/data/drop_last",
                       c10::str("found ", train_set->size(), " training samples, expected a batch of ",
                                *config.data.batch_size, " at least, as /data/drop_last is true; make it false, or "
                                "/data/batch_size smaller"));
  }
  auto optimizer = make_optimizer(config.optimizer, plan.groups);
  std::shared_ptr<AveragedModel> averaged_model;
  if (config.averaged_model) averaged_model = std::make_shared<AveragedModel>(*model.ptr(), options_of(*config.averaged_model));
  std::shared_ptr<GradScaler> scaler;
  if (config.amp == "float16") scaler = std::make_shared<GradScaler>();
  std::shared_ptr<LRScheduler> scheduler;
  if (config.lr_scheduler) {
    scheduler = make_lr_scheduler(*config.lr_scheduler, config.lr_warmup, *optimizer,
                                  schedule_steps(config, *train_loader));
  }
  const LoaderState start = train_loader->state_dict();
  return {.config = config,
          .device = device,
          .group = group,
          .model = std::move(model),
          .ddp = std::move(ddp),
          .train_loader = std::move(train_loader),
          .test_loader = std::move(test_loader),
          .optimizer = std::move(optimizer),
          .scheduler = std::move(scheduler),
          .averaged_model = std::move(averaged_model),
          .scaler = std::move(scaler),
          .batch_size_choice = largest ? to_text(*largest) : "",
          .class_names = std::move(class_names),
          .data_notes = std::move(data_notes),
          .weights = std::move(weights_report),
          .frozen = std::move(frozen),
          .test_samples = test_set->size(),
          .position = start};
}

Checkpoint checkpoint_of(const Run& run) {
  TensorWriter writer;
  GroupExtras extras;
  const Tally tally = run.tally.over(run.group);
  Checkpoint checkpoint{.epoch = run.epoch,
                        .state_dict = state_dict(*run.model.ptr()),
                        .metric = kWatchedMetric,
                        .best = run.best,
                        .lr = run.lr(),
                        .optimizer = optimizer_state_dict(*run.optimizer, writer, extras)};
  if (run.scheduler) checkpoint.more.emplace_back("lr_scheduler", run.scheduler->state_dict());
  if (run.averaged_model) {
    checkpoint.more.emplace_back("averaged_model", to_value(state_dict(*run.averaged_model), writer));
  }
  if (run.scaler) checkpoint.more.emplace_back("scaler", run.scaler->state_dict());
  const Value best_loss = run.best_loss ? Value(*run.best_loss) : Value();
  checkpoint.more.emplace_back("rng_state", rng_state(writer));
  checkpoint.more.emplace_back("loader", position_of(run, writer));
  checkpoint.more.emplace_back("progress", formats::Dict{.items = {{"step", run.step},
                                                                   {"loss_sum", tally.loss_sum},
                                                                   {"correct", tally.correct},
                                                                   {"samples", tally.samples},
                                                                   {"best_epoch", run.best_epoch},
                                                                   {"best_loss", best_loss},
                                                                   {"tests_without_better", run.tests_without_better}}});
  checkpoint.more.emplace_back("config", to_json(run.config));
  return checkpoint;
}

}  // namespace torch_ext
