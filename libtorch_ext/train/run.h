#pragma once

#include <torch/optim/optimizer.h>

#include <memory>
#include <optional>
#include <string>

#include "libtorch_ext/checkpoint/checkpoint.h"
#include "libtorch_ext/checkpoint/load_report.h"
#include "libtorch_ext/data/loader.h"
#include "libtorch_ext/device/pick_device.h"
#include "libtorch_ext/nn/tensor_module.h"
#include "libtorch_ext/optim/averaged_model.h"
#include "libtorch_ext/optim/grad_scaler.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler.h"
#include "libtorch_ext/parallel/distributed_data_parallel.h"
#include "libtorch_ext/train/config.h"
#include "libtorch_ext/train/tally.h"

namespace torch_ext {

/// All that a training run consists of: what its config made, and how far it has come.
struct Run {
  TrainConfig config;
  DeviceChoice device;
  ProcessGroup group;
  TensorModule model;
  /// The model as training calls it; null in a group of one.
  DistributedDataParallel<TensorModule> ddp{nullptr};
  std::shared_ptr<DataLoader> train_loader;
  std::shared_ptr<DataLoader> test_loader;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  std::shared_ptr<LRScheduler> scheduler;  ///< null without "lr_scheduler"

  std::shared_ptr<AveragedModel> averaged_model;  ///< null without "averaged_model"
  std::shared_ptr<GradScaler> scaler;             ///< of the loss; null but for float16

  std::string batch_size_choice;         ///< what "auto" has chosen and why, in words; empty where it wasn't asked
  std::vector<std::string> class_names;  ///< empty where they are known by their numbers only
  std::vector<std::string> data_notes;   ///< what of the data is left out, a line each

  std::optional<LoadReport> weights;  ///< what of `model.weights` was loaded; nothing without them
  std::vector<std::string> frozen;    ///< the parameters that "model.freeze" and "param_groups" freeze

  int64_t test_samples = 0;    ///< of all processes together
  int64_t epoch = 0;           ///< completed epochs
  int64_t step = 0;            ///< optimizer steps, over all epochs
  LoaderState position;        ///< of `train_loader`, as of the last step
  Tally tally;                 ///< of the epoch that is under way
  at::Tensor grad_norm;        ///< of the last step, on the model's device; undefined without `log_grad_norm`

  std::optional<double> best;       ///< the highest test accuracy so far; nothing before the first test
  std::optional<double> best_loss;  ///< of that test: of equal accuracies, the lower loss is the better one
  int64_t best_epoch = 0;           ///< after which that was
  int64_t tests_without_better = 0;  ///< accuracy, in a row up to now: what "early_stopping" counts

  /// The first group's learning rate.
  double lr() const;
  /// Whether this process speaks for all: prints and writes files.
  bool is_main() const { return group.rank() == 0; }
};

/// The metric by which the best weights are chosen.
inline constexpr const char* kWatchedMetric = "accuracy";

/// Optimizer steps of an epoch.
int64_t steps_per_epoch(const TrainConfig& config, const DataLoader& loader);

struct MakeRunOptions {
  /// Whether the model starts from `model.weights`; off: for a run that `resume_run` puts somewhere else.
  bool loads_weights = true;
};

/// Builds what `config` says: seeds LibTorch's generators with `seed`, picks the device, sets the number of threads,
/// makes the model (from `model.weights` where given), reads the data. In a group of several, each process's part of
/// it, as Python's `DistributedSampler` deals it out; the test set without giving any sample twice.
Run make_run(TrainConfig config, const ProcessGroup& group = {}, const MakeRunOptions& options = {});

/// The run as it stands, its tensors not copied: `epoch`, `state_dict`, `best_accuracy`, `lr`, `optimizer`, and for
/// resuming `lr_scheduler`, `averaged_model`, `scaler`, `rng_state`, `loader`, `progress`, `config`. Python reads what
/// `save` makes of it with `weights_only=True`. Called by all processes of a group; one of them is enough to save.
Checkpoint checkpoint_of(const Run& run);

}  // namespace torch_ext
