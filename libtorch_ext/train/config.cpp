#include "libtorch_ext/train/config.h"

#include <stdexcept>

#include "libtorch_ext/config/reader.h"
#include "libtorch_ext/config/schema.h"
#include "libtorch_ext/config/writer.h"
#include "libtorch_ext/device/pick_device.h"
#include "libtorch_ext/formats/rename.h"
#include "libtorch_ext/models/registry.h"

namespace torch_ext {

using config::above;
using config::at_least;
using config::between;
using config::one_of;
using config::or_auto;

template <class Visitor>
void describe(Visitor& v, ModelConfig& c) {
  v.field("name", c.name, one_of(model_names()), "of the zoo");
  v.field("num_classes", c.num_classes, at_least(1), "how many scores it gives");
  v.field("in_channels", c.in_channels, at_least(1), "of the images: 1 for grey, 3 for RGB; an image_folder is read so");
  v.field("weights", c.weights, {}, "a checkpoint that the model starts from");
  v.field("weights_key", c.weights_key, {}, "under which of its keys they stand, such as model_ema; null: found by itself");
  v.field("rename", c.rename, {}, "patterns and replacements, Python's re.sub, for the names in weights");
  v.field("skip_mismatched", c.skip_mismatched, {}, "passes over tensors of weights that don't fit, such as the head");
  v.field("freeze", c.freeze, {}, "globs of parameters that stay as they are");
}

template <class Visitor>
void describe(Visitor& v, DataConfig& c) {
  v.field("format", c.format, one_of({"mnist", "image_folder"}), "four IDX files, or a folder of images for each class");
  v.field("root", c.root, {}, "the folder");
  v.field("train_folder", c.train_folder, {}, "below root, of an image_folder");
  v.field("test_folder", c.test_folder, {}, "below root, of an image_folder");
  v.field("test_classes", c.test_classes, one_of({"same", "subset"}),
          "how its class folders agree with the training ones, by name; subset: some may be missing");
  v.field("batch_size", c.batch_size, or_auto(at_least(1)), "of each process; auto: the largest that fits");
  v.field("eval_batch_size", c.eval_batch_size, at_least(1), "of test images; decides memory and speed alone");
  v.field("shuffle", c.shuffle, {}, "a new order of the training samples in each epoch");
  v.field("drop_last", c.drop_last, {}, "leaves out a last batch of fewer samples");
  v.field("num_workers", c.num_workers, or_auto(at_least(0)), "threads that read ahead; auto: chosen by measuring");
  v.field("pin_memory", c.pin_memory, {}, "page-locked memory for batches on their way to a GPU");
  v.field("mean", c.mean, {}, "of the pixels in [0, 1], one number or one a channel");
  v.field("std", c.std, above(0), "likewise");
  v.field("augment", c.augment, {}, "what training images in [0, 1] go through, in turn, before they are normalised");
  v.field("test_transform", c.test_transform, {}, "the same for test images");
  v.field("train_limit", c.train_limit, at_least(1), "only so many samples, from the first");
  v.field("test_limit", c.test_limit, at_least(1), "likewise");
  v.field("class_names", c.class_names, {}, "for the report; empty: the folders' names, or numbers");
}

template <class Visitor>
void describe(Visitor& v, LossConfig& c) {
  v.field("name", c.name, one_of({"cross_entropy", "focal"}), "focal: leaves out what is learnt already");
  v.field("focal_gamma", c.focal_gamma, at_least(0), "how much less an easy sample counts");
  v.field("label_smoothing", c.label_smoothing, between(0, 1), "the share of a target spread over all classes");
  v.field("mixup_alpha", c.mixup_alpha, at_least(0), "mixes samples by shares of Beta(alpha, alpha); 0: doesn't");
  v.field("cutmix_alpha", c.cutmix_alpha, at_least(0), "replaces boxes of samples by others'; 0: doesn't");
  v.field("l1", c.l1, at_least(0), "so many times the sum of the weights' magnitudes is added");
}

template <class Visitor>
void describe(Visitor& v, ParamGroupRuleConfig& c) {
  v.field("match", c.match, {}, "a glob of parameters' names, such as fc.*");
  v.field("kind", c.kind, one_of({"any", "bias", "norm", "vector"}), "vector: biases and normalisation");
  v.field("lr", c.lr, at_least(0), "their learning rate");
  v.field("lr_scale", c.lr_scale, at_least(0), "or times the optimizer's");
  v.field("weight_decay", c.weight_decay, at_least(0), "in place of the optimizer's");
  v.field("freeze", c.freeze, {}, "true: they stay as they are; false: they don't, whatever later rules say");
}

template <class Visitor>
void describe(Visitor& v, AveragedModelConfig& c) {
  v.field("averaging", c.averaging, one_of({"ema", "swa"}), "an exponential moving average, or the mean");
  v.field("decay", c.decay, between(0, 1), "how much of the average stays at an update");
  v.field("start_epoch", c.start_epoch, at_least(0), "completed epochs before the first update");
  v.field("every_steps", c.every_steps, at_least(1), "between two updates");
  v.field("use_buffers", c.use_buffers, {}, "BatchNorm's statistics are averaged, too");
}

template <class Visitor>
void describe(Visitor& v, TensorBoardConfig& c) {
  v.field("every_steps", c.every_steps, at_least(1), "between two points of the training loss and the rate");
  v.field("histograms", c.histograms, {}, "of each parameter, every epoch");
  v.field("graph", c.graph, {}, "of the model");
  v.field("images", c.images, at_least(0), "so many of the test set's first");
}

template <class Visitor>
void describe(Visitor& v, EarlyStoppingConfig& c) {
  v.field("patience", c.patience, at_least(1),
          "tests in a row without a better accuracy that end the run; epochs that eval_every_epochs leaves out don't count");
}

template <class Visitor>
void describe(Visitor& v, CheckpointConfig& c) {
  v.field("every_steps", c.every_steps, at_least(1), "also writes last.pt every so many steps");
  v.field("every_epochs", c.every_epochs, at_least(1), "keeps the end of every so manyth epoch, epoch-0010.pt");
  v.field("keep", c.keep, at_least(1), "how many of those stay, the newest");
  v.field("background", c.background, {}, "training goes on while files are written");
}

template <class Visitor>
void describe(Visitor& v, DistributedConfig& c) {
  v.field("backend", c.backend, one_of({"auto", "gloo", "nccl"}), "auto: NCCL for tensors on GPUs, Gloo for others");
  v.field("timeout", c.timeout, above(0), "seconds that a process waits for the others");
  v.field("broadcast_buffers", c.broadcast_buffers, {}, "rank 0's BatchNorm statistics go to all before each forward");
  v.field("find_unused_parameters", c.find_unused_parameters, {}, "some parameters may have no part in a forward");
  v.field("gradient_as_bucket_view", c.gradient_as_bucket_view, {}, "saves the gradients' memory once");
  v.field("compression", c.compression, one_of({"none", "float16", "bfloat16"}), "of gradients on their way");
}

template <class Visitor>
void describe(Visitor& v, TrainConfig& c) {
  v.field("output", c.output, {}, "folder of last.pt, best.pt, metrics.csv, config.json, report.html");
  v.field("seed", c.seed, at_least(0), "of the initial weights and the order of the samples");
  v.field("device", c.device, {}, "auto, cpu, cuda or cuda:n");
  v.field("cuda_visible_devices", c.cuda_visible_devices, {}, "sets CUDA_VISIBLE_DEVICES, as in \"3, 4\"");
  v.field("num_threads", c.num_threads, or_auto(at_least(1)), "of an operation; auto: one per core");
  v.field("epochs", c.epochs, at_least(1), "times through the training set");
  v.field("max_steps", c.max_steps, at_least(1), "ends the run after so many optimizer steps");
  v.field("max_time", c.max_time, above(0), "ends the run after so many seconds");
  v.field("overfit_batches", c.overfit_batches, at_least(1), "trains and tests on the first batches alone");
  v.field("deterministic", c.deterministic, {}, "only operations that always give the same bits");
  v.field("amp", c.amp, one_of({"none", "bfloat16", "float16"}), "computes in lower precision where that is safe");
  v.field("channels_last", c.channels_last, {}, "images lie in memory pixel by pixel");
  v.field("clip_grad_norm", c.clip_grad_norm, above(0), "scales gradients down to this norm");
  v.field("clip_grad_value", c.clip_grad_value, above(0), "clips each element of the gradients");
  v.field("clip_grad_adaptive", c.clip_grad_adaptive, above(0), "scales each unit's gradient by its weight's norm");
  v.field("log_steps", c.log_steps, {}, "each step's loss goes to steps.csv");
  v.field("log_grad_norm", c.log_grad_norm, {}, "the norm of each step's gradients does, and to TensorBoard");
  v.field("eval_every_epochs", c.eval_every_epochs, at_least(1), "tests after every so manyth epoch, and the last");
  v.field("report", c.report, {}, "the end of the run writes report.html");
  v.field("accumulate_batches", c.accumulate_batches, at_least(1), "batches whose gradients make one step");
  v.field("model", c.model, {}, "what is trained");
  v.field("data", c.data, {}, "images with a class each");
  v.field("loss", c.loss, {}, "what is minimised, and what regularises it");
  v.field("optimizer", c.optimizer, {}, "torch.optim's, with Python's arguments");
  v.field("param_groups", c.param_groups, {}, "rules, the first that fits wins: other rates and decays by name and kind");
  v.field("lr_scheduler", c.lr_scheduler, {}, "torch.optim.lr_scheduler's, with Python's arguments");
  v.field("lr_warmup", c.lr_warmup, {}, "a linear rise before the schedule");
  v.field("averaged_model", c.averaged_model, {}, "an average of the weights, with which the model is tested");
  v.field("early_stopping", c.early_stopping, {}, "ends a run that has stopped getting better");
  v.field("tensorboard", c.tensorboard, {}, "writes TensorBoard's events into the run's folder");
  v.field("checkpoint", c.checkpoint, {}, "what is written beside last.pt and best.pt");
  v.field("distributed", c.distributed, {}, "how the processes of a launcher train together");
}

namespace {

void check_transforms(const config::Document& document, const std::string& pointer,
                      const std::vector<TransformConfig>& transforms) {
  for (size_t i = 0; i < transforms.size(); ++i) {
    const std::string here = pointer + "/" + std::to_string(i) + "/";
    const auto check_pair = [&](const char* key, const std::vector<double>& range) {
      if (range.size() == 2 && range[0] <= range[1]) return;
      throw document.error(here + key, "expected two numbers, the least and the largest");
    };
    std::visit(
        [&]<class Config>(const Config& c) {
          if constexpr (requires { c.scale; }) check_pair("scale", c.scale), check_pair("ratio", c.ratio);
          if constexpr (std::is_same_v<Config, GrayscaleConfig>) {
            if (c.num_output_channels == 2) throw document.error(here + "num_output_channels", "found 2, expected 1 or 3");
          }
        },
        transforms[i]);
  }
}

void check_weights(const config::Document& document, const ModelConfig& model) {
  const auto check_given = [&](const char* pointer, const std::string& found, bool is_given) {
    if (!is_given || model.weights) return;
    throw document.error(pointer, "found " + found + ", expected /model/weights with it, or none");
  };
  check_given("/model/weights_key", "\"" + model.weights_key.value_or("") + "\"", model.weights_key.has_value());
  check_given("/model/rename", "patterns", !model.rename.empty());
  for (size_t i = 0; i < model.rename.size(); ++i) {
    const auto& [pattern, replacement] = model.rename[i];
    try {
      formats::Rename(pattern, replacement);
    } catch (const std::invalid_argument& error) {
      throw document.error("/model/rename/" + std::to_string(i), error.what());
    }
  }
}

// What a bound can't say, and what several fields say together.
void check_further(const config::Document& document, const TrainConfig& config) {
  check_weights(document, config.model);
  if (!is_device_spec(config.device)) {
    throw document.error("/device", "found the string \"" + config.device + "\", expected " + kDeviceSpecs);
  }
  if (const auto* sgd = std::get_if<SGDConfig>(&config.optimizer)) {
    if (sgd->nesterov && (sgd->momentum == 0 || sgd->dampening != 0)) {
      throw document.error("/optimizer/nesterov",
                           "found true, expected a momentum above 0 and a dampening of 0 with it");
    }
  }
  if (config.lr_warmup && !config.lr_scheduler) {
    throw document.error("/lr_warmup", "found one, expected an /lr_scheduler that it comes before, or null");
  }
  if (config.lr_scheduler) {
    const auto problem = find_problem(*config.lr_scheduler, config.lr_warmup);
    if (problem) throw document.error(problem->pointer, problem->message);
  }
  if (config.eval_every_epochs > 1 && config.lr_scheduler &&
      std::holds_alternative<ReduceLROnPlateauConfig>(*config.lr_scheduler)) {
    throw document.error("/eval_every_epochs", "found " + std::to_string(config.eval_every_epochs) +
                                                   " with ReduceLROnPlateau, which goes by each test; expected 1");
  }
  const LossConfig& loss = config.loss;
  if (loss.name == "focal" && (loss.label_smoothing != 0 || loss.mixup_alpha != 0 || loss.cutmix_alpha != 0)) {
    throw document.error("/loss/name", "found focal with label_smoothing, mixup_alpha or cutmix_alpha, expected none of "
                                       "them: its targets are classes; or cross_entropy");
  }
  const auto names = static_cast<int64_t>(config.data.class_names.size());
  if (names != 0 && names != config.model.num_classes) {
    throw document.error("/data/class_names", "found " + std::to_string(names) + " names, expected none, or one for each "
                                                  "of /model/num_classes = " + std::to_string(config.model.num_classes));
  }
  check_transforms(document, "/data/augment", config.data.augment);
  check_transforms(document, "/data/test_transform", config.data.test_transform);
  if (config.data.mean.size() != config.data.std.size() || config.data.mean.empty() ||
      (config.data.mean.size() != 1 && config.data.mean.size() != static_cast<size_t>(config.model.in_channels))) {
    throw document.error("/data/mean", "found " + std::to_string(config.data.mean.size()) + " means and " +
                                           std::to_string(config.data.std.size()) +
                                           " stds, expected one of each, or one for each of /model/in_channels = " +
                                           std::to_string(config.model.in_channels));
  }
  if (config.checkpoint.keep && !config.checkpoint.every_epochs) {
    throw document.error("/checkpoint/keep", "found " + std::to_string(*config.checkpoint.keep) +
                                                 ", expected /checkpoint/every_epochs with it, or null");
  }
  const auto check_pair_of = [&](const char* key, const auto& numbers) {
    if (numbers.size() == 2) return;
    throw document.error(std::string("/optimizer/") + key,
                         "found " + std::to_string(numbers.size()) + " numbers, expected 2");
  };
  std::visit(
      [&]<class Config>(const Config& c) {
        if constexpr (requires { c.betas; }) check_pair_of("betas", c.betas);
        if constexpr (std::is_same_v<Config, AdafactorConfig>) check_pair_of("eps", c.eps);
        if constexpr (requires { c.etas; }) check_pair_of("etas", c.etas), check_pair_of("step_sizes", c.step_sizes);
      },
      config.optimizer);
}

}  // namespace

TrainConfig read_train_config(const std::string& path, const std::vector<std::string>& assignments) {
  auto document = config::Document::read(path);
  for (const auto& assignment : assignments) document.set(assignment);
  document.resolve_references();
  auto config = config::read<TrainConfig>(document);
  check_further(document, config);
  config.document = std::make_shared<const config::Document>(std::move(document));
  return config;
}

ConfigError config_error(const TrainConfig& config, const std::string& pointer, const std::string& problem) {
  return config.document ? config.document->error(pointer, problem) : ConfigError("config", pointer, problem);
}

std::string train_config_schema() { return config::schema<TrainConfig>("tx-train's config").dump(2) + "\n"; }

std::string explain_train_config(const std::string& key) {
  return config::explain(config::schema<TrainConfig>("tx-train's config"), key);
}

std::string to_json(const TrainConfig& config) { return config::write(config).dump(2) + "\n"; }

}  // namespace torch_ext
