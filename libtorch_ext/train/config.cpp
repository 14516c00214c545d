#include "libtorch_ext/train/config.h"

#include "libtorch_ext/config/reader.h"
#include "libtorch_ext/config/writer.h"
#include "libtorch_ext/device/pick_device.h"
#include "libtorch_ext/models/registry.h"

namespace torch_ext {

using config::above;
using config::at_least;
using config::between;
using config::one_of;

template <class Visitor>
void describe(Visitor& v, ModelConfig& c) {
  v.field("name", c.name, one_of(model_names()));
  v.field("num_classes", c.num_classes, at_least(1));
  v.field("in_channels", c.in_channels, at_least(1));
  v.field("weights", c.weights);
}

template <class Visitor>
void describe(Visitor& v, DataConfig& c) {
  v.field("root", c.root);
  v.field("batch_size", c.batch_size, at_least(1));
  v.field("eval_batch_size", c.eval_batch_size, at_least(1));
  v.field("shuffle", c.shuffle);
  v.field("drop_last", c.drop_last);
  v.field("num_workers", c.num_workers, at_least(0));
  v.field("pin_memory", c.pin_memory);
  v.field("mean", c.mean);
  v.field("std", c.std, above(0));
  v.field("train_limit", c.train_limit, at_least(1));
  v.field("test_limit", c.test_limit, at_least(1));
}

template <class Visitor>
void describe(Visitor& v, SGDConfig& c) {
  v.field("lr", c.lr, at_least(0));
  v.field("momentum", c.momentum, at_least(0));
  v.field("dampening", c.dampening);
  v.field("weight_decay", c.weight_decay, at_least(0));
  v.field("nesterov", c.nesterov);
}

template <class Visitor>
void describe(Visitor& v, AdamWConfig& c) {
  v.field("lr", c.lr, at_least(0));
  v.field("betas", c.betas, between(0, 1));
  v.field("eps", c.eps, at_least(0));
  v.field("weight_decay", c.weight_decay, at_least(0));
  v.field("amsgrad", c.amsgrad);
}

template <class Visitor>
void describe(Visitor& v, CosineAnnealingLRConfig& c) {
  v.field("T_max", c.T_max, at_least(1));
  v.field("eta_min", c.eta_min);
}

template <class Visitor>
void describe(Visitor& v, StepLRConfig& c) {
  v.field("step_size", c.step_size, at_least(1));
  v.field("gamma", c.gamma);
}

template <class Visitor>
void describe(Visitor& v, CheckpointConfig& c) {
  v.field("every_steps", c.every_steps, at_least(1));
  v.field("every_epochs", c.every_epochs, at_least(1));
  v.field("keep", c.keep, at_least(1));
  v.field("background", c.background);
}

template <class Visitor>
void describe(Visitor& v, DistributedConfig& c) {
  v.field("backend", c.backend, one_of({"auto", "gloo", "nccl"}));
  v.field("timeout", c.timeout, above(0));
  v.field("broadcast_buffers", c.broadcast_buffers);
  v.field("find_unused_parameters", c.find_unused_parameters);
  v.field("gradient_as_bucket_view", c.gradient_as_bucket_view);
  v.field("compression", c.compression, one_of({"none", "float16", "bfloat16"}));
}

template <class Visitor>
void describe(Visitor& v, TrainConfig& c) {
  v.field("output", c.output);
  v.field("seed", c.seed, at_least(0));
  v.field("device", c.device);
  v.field("cuda_visible_devices", c.cuda_visible_devices);
  v.field("num_threads", c.num_threads, at_least(1));
  v.field("epochs", c.epochs, at_least(1));
  v.field("log_steps", c.log_steps);
  v.field("accumulate_batches", c.accumulate_batches, at_least(1));
  v.field("model", c.model);
  v.field("data", c.data);
  v.field("optimizer", c.optimizer);
  v.field("lr_scheduler", c.lr_scheduler);
  v.field("checkpoint", c.checkpoint);
  v.field("distributed", c.distributed);
}

namespace {

// What a bound can't say, and what several fields say together.
void check_further(const config::Document& document, const TrainConfig& config) {
  if (!is_device_spec(config.device)) {
    throw document.error("/device", "found the string \"" + config.device + "\", expected " + kDeviceSpecs);
  }
  if (const auto* sgd = std::get_if<SGDConfig>(&config.optimizer)) {
    if (sgd->nesterov && (sgd->momentum == 0 || sgd->dampening != 0)) {
      throw document.error("/optimizer/nesterov",
                           "found true, expected a momentum above 0 and a dampening of 0 with it");
    }
  }
  if (config.checkpoint.keep && !config.checkpoint.every_epochs) {
    throw document.error("/checkpoint/keep", "found " + std::to_string(*config.checkpoint.keep) +
                                                 ", expected /checkpoint/every_epochs with it, or null");
  }
  if (const auto* adamw = std::get_if<AdamWConfig>(&config.optimizer)) {
    if (adamw->betas.size() != 2) {
      throw document.error("/optimizer/betas", "found " + std::to_string(adamw->betas.size()) + " numbers, expected 2");
    }
  }
}

}  // namespace

TrainConfig read_train_config(const std::string& path, const std::vector<std::string>& assignments) {
  auto document = config::Document::read(path);
  for (const auto& assignment : assignments) document.set(assignment);
  const auto config = config::read<TrainConfig>(document);
  check_further(document, config);
  return config;
}

std::string to_json(const TrainConfig& config) { return config::write(config).dump(2) + "\n"; }

}  // namespace torch_ext
