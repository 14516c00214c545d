#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/config/error.h"
#include "libtorch_ext/train/lr_scheduler_config.h"
#include "libtorch_ext/train/optimizer_config.h"
#include "libtorch_ext/train/transform_config.h"

namespace torch_ext {

namespace config {
class Document;
}  // namespace config

/// "model": what is trained.
struct ModelConfig {
  std::string name = "resnet18";  ///< one of `model_names()`
  int64_t num_classes = 10;
  /// Of the images. Of an image_folder: 1 for grey ones, PIL's "L", 3 for RGB, whatever the files have.
  int64_t in_channels = 1;
  /// A checkpoint whose state_dict the model starts from: a file that `tx::load` reads.
  std::optional<std::string> weights;
  /// Under which of the file's keys they stand, as in "model_ema"; null: `load_state_dict` looks for them.
  std::optional<std::string> weights_key;
  /// Patterns and their replacements, Python's `re.sub`, for the names in `weights`.
  std::vector<std::pair<std::string, std::string>> rename;
  /// Whether tensors of `weights` that don't fit, such as the head for other classes, are passed over.
  bool skip_mismatched = false;
  /// Globs of parameters that stay as they are: "layer1.*". All of them must come from `weights`, where there are some.
  std::vector<std::string> freeze;
};

/// "data": images with a class each.
struct DataConfig {
  /// "mnist": four IDX files (see `mnist`); "image_folder": a folder of images for each class (see `image_folder`), in
  /// the subfolders `train_folder` and `test_folder`.
  std::string format = "mnist";
  std::string root = "/usr/share/datasets/fashion-mnist";
  std::string train_folder = "train";
  std::string test_folder = "val";
  /// How the class folders for the test are to agree with those for training, by name: "same"; or "subset", where some
  /// may be missing or empty. Test labels are the training folders' numbers either way.
  std::string test_classes = "same";
  /// Of each process, where there are several. Null, or "auto": the largest that fits into the device's memory, or into
  /// half of what is free on the CPU.
  std::optional<int64_t> batch_size = 128;
  int64_t eval_batch_size = 1000;
  bool shuffle = true;
  /// Whether a last batch of fewer samples is left out. BatchNorm can't train on a batch of one where its maps are 1 x 1.
  bool drop_last = false;
  /// Threads that read ahead; null: as many as it takes, by measuring. The batches are the same for every number.
  std::optional<int64_t> num_workers;
  /// Whether batches lie in page-locked memory, from which a GPU copies in the background. No effect on the CPU.
  bool pin_memory = true;
  /// Of the pixels in [0, 1], one number or one a channel; the defaults are Fashion-MNIST's.
  std::vector<double> mean = {0.2860};
  std::vector<double> std = {0.3530};
  /// What training images [C, H, W] in [0, 1] go through before they are normalised, in turn.
  std::vector<TransformConfig> augment;
  /// The same for test images: a Resize and a CenterCrop, where images differ in size.
  std::vector<TransformConfig> test_transform;
  /// Only so many samples, from the first; null: all.
  std::optional<int64_t> train_limit;
  std::optional<int64_t> test_limit;
  /// For the report; empty: the folders' names, or numbers.
  std::vector<std::string> class_names;
};

/// "loss": what is minimised, and what regularises it.
struct LossConfig {
  std::string name = "cross_entropy";  ///< or "focal": `softmax_focal_loss`, which leaves out what is learnt already
  double focal_gamma = 2;
  double label_smoothing = 0;  ///< the share of each target that is spread over all classes
  double mixup_alpha = 0;      ///< mixes samples of a batch, by shares of Beta(alpha, alpha); 0: doesn't
  double cutmix_alpha = 0;     ///< replaces boxes of samples by others' likewise; with both, one of them by turns
  double l1 = 0;               ///< so many times the sum of the weights' magnitudes is added
};

/// An element of "param_groups"; see `ParamGroupRule`.
struct ParamGroupRuleConfig {
  std::string match = "*";   ///< a glob of parameters' names
  std::string kind = "any";  ///< "any", "bias", "norm" or "vector": biases and normalisation
  std::optional<double> lr;
  std::optional<double> lr_scale;
  std::optional<double> weight_decay;
  std::optional<bool> freeze;
};

/// "averaged_model": an average of the weights (see `AveragedModel`), with which the model is tested; kept in checkpoints
/// under the same name.
struct AveragedModelConfig {
  std::string averaging = "ema";  ///< "ema": an exponential moving average; "swa": the mean
  double decay = 0.999;           ///< of "ema"
  int64_t start_epoch = 0;        ///< completed epochs before the first update
  int64_t every_steps = 1;        ///< between two updates
  bool use_buffers = true;        ///< BatchNorm's statistics are averaged, too
};

/// "tensorboard": writes events into the folder `tensorboard` of the run's.
struct TensorBoardConfig {
  int64_t every_steps = 10;  ///< between two points of the training loss and the learning rate
  bool histograms = false;   ///< of each parameter, every epoch
  bool graph = true;         ///< of the model
  int64_t images = 16;       ///< so many of the test set's first
};

/// "early_stopping": ends a run whose test accuracy has stopped getting better.
struct EarlyStoppingConfig {
  int64_t patience = 10;  ///< tests in a row without a better one that end it; epochs without a test don't count
};

/// "checkpoint": what is written beside `last.pt` and `best.pt` at the end of each epoch and `last.pt` at a stop by
/// signal.
struct CheckpointConfig {
  /// Also writes `last.pt` every so many steps; null: never. What a kill costs at most, and the steps that go by while
  /// a file is being written in the background.
  std::optional<int64_t> every_steps;
  /// Keeps the end of every so manyth epoch, `epoch-0010.pt`; null: none.
  std::optional<int64_t> every_epochs;
  /// How many of those stay, the newest; null: all.
  std::optional<int64_t> keep;
  /// Whether training goes on while files are written. Takes as much memory as the state has.
  bool background = true;
};

/// "distributed": how the processes of a launcher (torchrun, `tx-train --nproc`) train together. Without a launcher it
/// has no effect.
struct DistributedConfig {
  std::string backend = "auto";  ///< see `ProcessGroupOptions`
  double timeout = 1800;         ///< seconds that a process waits for the others
  /// See `DistributedDataParallelOptions`.
  bool broadcast_buffers = true;
  bool find_unused_parameters = false;
  bool gradient_as_bucket_view = false;
  std::string compression = "none";  ///< of gradients on their way: "none", "float16" or "bfloat16"
};

/// A classification run, as a JSON file says it. Every field has a default.
struct TrainConfig {
  /// Folder of `last.pt`, `best.pt`, `metrics.csv`, `config.json`, `report.html`.
  std::string output = "runs/train";
  /// Seeds the initial weights and the order of the samples.
  int64_t seed = 0;
  /// "auto", "cpu", "cuda" or "cuda:n". Under a launcher "auto" and "cuda" are the GPU of the process's number.
  std::string device = "auto";
  /// Sets CUDA_VISIBLE_DEVICES, as in "3, 4"; null: what the environment says.
  std::optional<std::string> cuda_visible_devices;
  /// Threads of an operation: `torch.set_num_threads`; null: one per core.
  std::optional<int64_t> num_threads;
  int64_t epochs = 1;
  /// The run ends after so many steps, or seconds, if its epochs aren't over by then; null: it doesn't.
  std::optional<int64_t> max_steps;
  std::optional<double> max_time;
  /// Trains on so many batches over and over, and tests on them: what a model must be able to learn by heart.
  std::optional<int64_t> overfit_batches;
  /// Whether only operations are used that always give the same bits; an error where LibTorch has none.
  bool deterministic = false;
  /// Computes in "bfloat16", or in "float16" with a scaled loss, where that is safe (see `Autocast`, `GradScaler`);
  /// "none": in float32.
  std::string amp = "none";
  /// Whether images lie in memory pixel by pixel, which convolutions in bfloat16 are faster with.
  bool channels_last = false;
  /// Scales gradients down to this norm, clips their elements to this value; null: doesn't.
  std::optional<double> clip_grad_norm;
  std::optional<double> clip_grad_value;
  /// Scales each unit's gradient down to so many times its weight's norm (see `adaptive_clip_grad_`); null: doesn't.
  std::optional<double> clip_grad_adaptive;
  /// Whether each step's loss goes to `steps.csv`.
  bool log_steps = false;
  /// Whether the norm of each step's gradients, as they are before they are clipped, goes to `steps.csv` and to
  /// TensorBoard.
  bool log_grad_norm = false;
  /// Tests after every so manyth epoch, and after the last.
  int64_t eval_every_epochs = 1;
  /// Whether the end of the run writes `report.html`: curves, classes, the worst mistakes of the best weights.
  bool report = true;
  /// Batches whose gradients make one step: a batch of so many times the size, in the memory of one.
  int64_t accumulate_batches = 1;
  ModelConfig model;
  DataConfig data;
  LossConfig loss;
  OptimizerConfig optimizer;
  std::vector<ParamGroupRuleConfig> param_groups;
  std::optional<LRSchedulerConfig> lr_scheduler;
  std::optional<LRWarmupConfig> lr_warmup;
  std::optional<AveragedModelConfig> averaged_model;
  std::optional<EarlyStoppingConfig> early_stopping;
  std::optional<TensorBoardConfig> tensorboard;
  CheckpointConfig checkpoint;
  DistributedConfig distributed;

  /// Where the values came from, for `config_error`; null for a config that code made. No key of the file.
  std::shared_ptr<const config::Document> document;
};

/// Reads a config file, `//` comments allowed, and puts `assignments` ("optimizer.lr=0.05") over it.
/// Throws `ConfigError` for the first unknown key, wrong type or value out of range.
TrainConfig read_train_config(const std::string& path, const std::vector<std::string>& assignments = {});

/// The error for the value at `pointer`, "/data/batch_size": names the config's file, or the assignment that put the
/// value there.
ConfigError config_error(const TrainConfig& config, const std::string& pointer, const std::string& problem);

/// JSON Schema of the config files, indented: for editors and for checks elsewhere.
std::string train_config_schema();

/// What a key means, may be and is by default, in words: "optimizer.lr"; "" lists all at the top. Throws `ConfigError`
/// for a key that there isn't.
std::string explain_train_config(const std::string& key);

/// The config as indented JSON, every key written out; `read_train_config` reads it back.
std::string to_json(const TrainConfig& config);

}  // namespace torch_ext
