#include "libtorch_ext/train/run.h"

#include <torch/torch.h>

#include <algorithm>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/checkpoint/rng_state.h"
#include "libtorch_ext/data/datasets/subset.h"
#include "libtorch_ext/data/error.h"
#include "libtorch_ext/device/deterministic.h"
#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/train/batch_size.h"
#include "libtorch_ext/train/datasets.h"

namespace torch_ext {
namespace {

const char* const kMetric = "accuracy";

// Optimizer steps of an epoch.
int64_t steps_per_epoch(const TrainConfig& config, const DataLoader& loader) {
  return (loader.size() + config.accumulate_batches - 1) / config.accumulate_batches;
}

// Steps of the whole run that its schedule counts.
int64_t schedule_steps(const TrainConfig& config, const DataLoader& loader) {
  if (!steps_each_batch(*config.lr_scheduler)) return config.epochs;
  const int64_t steps = config.epochs * steps_per_epoch(config, loader);
  return std::min(steps, config.max_steps.value_or(steps));
}

void start_from(torch::nn::Module& module, const ModelConfig& config) {
  const auto file = load(*config.weights, {.verify = formats::Verify::kNow});
  if (!config.skip_mismatched) {
    load_state_dict(module, file);
    return;
  }
  load_state_dict(module, file, {.strict = false, .skip_mismatched = true});
}

std::vector<ParamGroupRule> rules_of(const std::vector<ParamGroupRuleConfig>& configs) {
  std::vector<ParamGroupRule> rules;
  for (const auto& c : configs) {
    const auto kind = c.kind == "bias"     ? ParamKind::kBias
                      : c.kind == "norm"   ? ParamKind::kNorm
                      : c.kind == "vector" ? ParamKind::kVector
                                           : ParamKind::kAny;
    rules.push_back({.match = c.match,
                     .kind = kind,
                     .lr = c.lr,
                     .lr_scale = c.lr_scale,
                     .weight_decay = c.weight_decay,
                     .freeze = c.freeze});
  }
  return rules;
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

void resume_position(Run& run, const LoadedFile& saved) {
  DataLoader& loader = *run.train_loader;
  const auto* generator = saved.at("generator").as<formats::Tensor>();
  if (!generator) throw CheckpointError(saved.path, "loader.generator: expected a tensor");
  const LoaderState state{to_tensor(*generator), saved.find("epoch") ? saved.integer("epoch") : run.epoch,
                          saved.integer("batch")};
  auto check = [&](const char* key, int64_t expected) {
    if (state.batch == 0 || saved.integer(key) == expected) return;
    throw CheckpointError(saved.path, c10::str("loader.", key, ": found ", saved.integer(key), ", expected ", expected,
                                               ": in the middle of an epoch the data can't change"));
  };
  check("batch_size", loader.options().batch_size);
  check("samples", loader.dataset().size());
  if (saved.find("processes")) check("processes", run.group.size());
  loader.load_state_dict(state);
}

// Brings the schedule to the end of epoch `run.epoch`, for a file that doesn't say where it stands.
void pass_over_steps(Run& run) {
  const bool by_step = steps_each_batch(*run.config.lr_scheduler);
  const int64_t steps = by_step ? run.epoch * steps_per_epoch(run.config, *run.train_loader) : run.epoch;
  if (std::holds_alternative<ReduceLROnPlateauConfig>(*run.config.lr_scheduler)) {
    run.scheduler->load_state_dict(formats::Dict{.items = {{"last_epoch", steps}}});
  } else {
    for (int64_t i = 0; i < steps; ++i) run.scheduler->step();
  }
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
  throw DataError(config.data.root, c10::str("found ", train_set.size(), " training samples",
                                             config.data.train_limit ? " within /data/train_limit" : "",
                                             ", expected at least one for each of ", group.size(), " processes"));
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

Run make_run(TrainConfig config, const ProcessGroup& group) {
  if (config.num_threads) torch::set_num_threads(static_cast<int>(*config.num_threads));
  const DeviceChoice device = device_of(config, group);
  set_deterministic(config.deterministic);
  auto [train_set, test_set, class_names] = make_datasets(config);
  check_enough(*train_set, config, group);

  torch::manual_seed(static_cast<uint64_t>(config.seed));
  TensorModule model = create_model(config.model.name,
                                    {.num_classes = config.model.num_classes, .in_channels = config.model.in_channels});
  if (config.model.weights) start_from(*model.ptr(), config.model);
  for (const auto& glob : config.model.freeze) freeze(*model.ptr(), glob);
  auto plan = plan_param_groups(*model.ptr(), rules_of(config.param_groups));
  model.ptr()->to(device);
  if (config.channels_last) to_channels_last(*model.ptr());
  std::string batch_size_choice;
  if (!config.data.batch_size) {
    const LargestBatch found = largest_batch_size(config, model, *train_set, device);
    config.data.batch_size = found.batch_size;
    batch_size_choice = to_text(found);
  }
  DistributedDataParallel<TensorModule> ddp{nullptr};
  if (group.size() > 1) ddp = DistributedDataParallel<TensorModule>(model, group, options_of(config.distributed));

  const auto seed = static_cast<uint64_t>(config.seed);
  auto train_loader = make_loader(train_set, {.batch_size = *config.data.batch_size,
                                              .shuffle = config.data.shuffle,
                                              .num_workers = config.data.num_workers,
                                              .pin_memory = config.data.pin_memory,
                                              .drop_last = config.data.drop_last,
                                              .seed = seed,
                                              .shard = {.index = group.rank(), .count = group.size()},
                                              .device = device.device});
  auto test_loader = make_loader(every_nth(test_set, group), {.batch_size = config.data.eval_batch_size,
                                                              .num_workers = config.data.num_workers,
                                                              .pin_memory = config.data.pin_memory,
                                                              .seed = seed,
                                                              .device = device.device});
  if (train_loader->size() == 0) {
    throw DataError(config.data.root, c10::str("found ", train_set->size(), " training samples, expected a batch of ",
                                               *config.data.batch_size, " at least, as /data/drop_last is true"));
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
          .batch_size_choice = std::move(batch_size_choice),
          .class_names = std::move(class_names),
          .test_samples = test_set->size(),
          .position = start};
}

Checkpoint checkpoint_of(const Run& run) {
  TensorWriter writer;
  GroupExtras extras;
  const Tally tally = run.tally.over(run.group);
  Checkpoint checkpoint{.epoch = run.epoch,
                        .state_dict = state_dict(*run.model.ptr()),
                        .metric = kMetric,
                        .best = run.best,
                        .lr = run.lr(),
                        .optimizer = optimizer_state_dict(*run.optimizer, writer, extras)};
  if (run.scheduler) checkpoint.more.emplace_back("lr_scheduler", run.scheduler->state_dict());
  if (run.averaged_model) {
    checkpoint.more.emplace_back("averaged_model", to_value(state_dict(*run.averaged_model), writer));
  }
  if (run.scaler) checkpoint.more.emplace_back("scaler", run.scaler->state_dict());
  checkpoint.more.emplace_back("rng_state", rng_state(writer));
  checkpoint.more.emplace_back("loader", position_of(run, writer));
  checkpoint.more.emplace_back("progress", formats::Dict{.items = {{"step", run.step},
                                                                   {"loss_sum", tally.loss_sum},
                                                                   {"correct", tally.correct},
                                                                   {"samples", tally.samples},
                                                                   {"best_epoch", run.best_epoch}}});
  checkpoint.more.emplace_back("config", to_json(run.config));
  return checkpoint;
}

void resume_run(Run& run, const LoadedFile& file) {
  run.epoch = file.integer("epoch");
  file.at("state_dict");  // a bare state_dict is no run
  load_state_dict(*run.model.ptr(), file);
  const Value* schedule = file.find("lr_scheduler");
  if (run.scheduler && !schedule) pass_over_steps(run);  // the rates that it sets give way to the file's
  load_optimizer_state_dict(*run.optimizer, file.at("optimizer"), file.path);
  const std::string best = std::string("best_") + kMetric;
  if (const Value* value = file.find(best); value && !value->is_none()) run.best = file.number(best);
  if (run.scheduler && schedule) run.scheduler->load_state_dict(*schedule);
  if (const Value* state = file.find("averaged_model"); state && run.averaged_model) {
    load_state_dict(*run.averaged_model, {file.path, *state}, {.prefix = PrefixPolicy::kKeep});
  } else if (run.averaged_model && run.epoch > run.config.averaged_model->start_epoch) {
    run.averaged_model->update_parameters(*run.model.ptr());
  }
  if (const Value* state = file.find("scaler"); state && run.scaler) run.scaler->load_state_dict(*state);
  if (const Value* state = file.find("rng_state")) set_rng_state(*state);

  if (const Value* value = file.find("loader")) {
    resume_position(run, {file.path, *value});
  } else {
    run.train_loader->seek_epoch(run.epoch);
  }
  run.position = run.train_loader->state_dict();
  if (const Value* value = file.find("progress")) {
    const LoadedFile progress{file.path, *value};
    run.step = progress.integer("step");
    run.best_epoch = progress.find("best_epoch") ? progress.integer("best_epoch") : run.epoch;
    if (run.is_main()) {
      run.tally = {progress.number("loss_sum"), progress.integer("correct"), progress.integer("samples")};
    }
  } else {
    run.step = run.epoch * steps_per_epoch(run.config, *run.train_loader);
  }
}

}  // namespace torch_ext
