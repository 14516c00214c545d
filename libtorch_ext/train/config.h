#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace torch_ext {

/// "model": what is trained.
struct ModelConfig {
  std::string name = "resnet18";  ///< one of `model_names()`
  int64_t num_classes = 10;
  int64_t in_channels = 1;
  /// A checkpoint whose state_dict the model starts from: a file that `tx::load` reads.
  std::optional<std::string> weights;
};

/// "data": MNIST-like images (see `mnist`).
struct DataConfig {
  /// The folder of the four IDX files.
  std::string root = "/usr/share/datasets/fashion-mnist";
  int64_t batch_size = 128;  ///< of each process, where there are several
  int64_t eval_batch_size = 1000;
  bool shuffle = true;
  bool drop_last = false;
  /// Threads that read ahead; null: as many as it takes, by measuring. The batches are the same for every number.
  std::optional<int64_t> num_workers;
  /// Whether batches lie in page-locked memory, from which a GPU copies in the background. No effect on the CPU.
  bool pin_memory = true;
  /// Of the pixels in [0, 1]; the defaults are Fashion-MNIST's.
  double mean = 0.2860;
  double std = 0.3530;
  /// Only so many samples, from the first; null: all.
  std::optional<int64_t> train_limit;
  std::optional<int64_t> test_limit;
};

/// "optimizer": {"name": "SGD"}, with Python's arguments.
struct SGDConfig {
  static constexpr const char* kName = "SGD";
  double lr = 0.1;
  double momentum = 0.9;
  double dampening = 0;
  double weight_decay = 5e-4;
  bool nesterov = false;
};

/// "optimizer": {"name": "AdamW"}, with Python's arguments.
struct AdamWConfig {
  static constexpr const char* kName = "AdamW";
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
};

using OptimizerConfig = std::variant<SGDConfig, AdamWConfig>;

/// "lr_scheduler": {"name": "CosineAnnealingLR"}; a step is an epoch.
struct CosineAnnealingLRConfig {
  static constexpr const char* kName = "CosineAnnealingLR";
  std::optional<int64_t> T_max;  ///< null: as many as there are epochs
  double eta_min = 0;
};

/// "lr_scheduler": {"name": "StepLR"}; a step is an epoch.
struct StepLRConfig {
  static constexpr const char* kName = "StepLR";
  int64_t step_size = 1;
  double gamma = 0.1;
};

using LRSchedulerConfig = std::variant<CosineAnnealingLRConfig, StepLRConfig>;

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
  /// Folder of `last.pt`, `best.pt`, `metrics.csv`, `config.json`.
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
  /// Whether each step's loss goes to `steps.csv`.
  bool log_steps = false;
  /// Batches whose gradients make one step: a batch of so many times the size, in the memory of one.
  int64_t accumulate_batches = 1;
  ModelConfig model;
  DataConfig data;
  OptimizerConfig optimizer;
  std::optional<LRSchedulerConfig> lr_scheduler;
  CheckpointConfig checkpoint;
  DistributedConfig distributed;
};

/// Reads a config file, `//` comments allowed, and puts `assignments` ("optimizer.lr=0.05") over it.
/// Throws `ConfigError` for the first unknown key, wrong type or value out of range.
TrainConfig read_train_config(const std::string& path, const std::vector<std::string>& assignments = {});

/// The config as indented JSON, every key written out; `read_train_config` reads it back.
std::string to_json(const TrainConfig& config);

}  // namespace torch_ext
