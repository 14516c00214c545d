#include "open_model.h"

#include <torch/types.h>

#include <algorithm>
#include <filesystem>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/folder.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/checkpoint/whole_model.h"
#include "libtorch_ext/inspect/non_finite.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/train/config.h"
#include "libtorch_ext/train/model.h"

namespace fs = std::filesystem;

namespace inspect {
namespace {

namespace tx = torch_ext;

const char* const kRunConfig = "config.json";

// The checkpoint beside a run's config that shows what the run came to; empty where there is none.
std::string checkpoint_of(const fs::path& config) {
  if (config.filename() != kRunConfig) return "";
  const std::string folder = config.has_parent_path() ? config.parent_path().string() : ".";
  const auto names = tx::list_checkpoints(folder);
  for (const char* name : {tx::kBestCheckpoint, tx::kLastCheckpoint}) {
    if (std::ranges::find(names, name) != names.end()) return (fs::path(folder) / name).string();
  }
  return "";
}

void load_into(OpenedModel& opened, const std::string& checkpoint) {
  const auto report =
      tx::load_state_dict(*opened.model.ptr(), tx::load(checkpoint, {.verify = tx::formats::Verify::kNow}));
  opened.notes.push_back(to_text(report));
  const std::string found = tx::find_non_finite(*opened.model.ptr());
  if (!found.empty()) opened.notes.push_back(checkpoint + ": found " + found);
}

OpenedModel configured_model(const ModelChoice& choice, const std::string& path) {
  tx::TrainConfig config = tx::read_train_config(path);
  std::string checkpoint = choice.checkpoint;
  if (checkpoint.empty() && !choice.num_classes) checkpoint = checkpoint_of(path);
  if (choice.num_classes) config.model.num_classes = *choice.num_classes;
  const auto weights = checkpoint.empty() ? tx::read_weights(config.model) : std::nullopt;
  tx::RunModel made = tx::make_model(config, weights);
  OpenedModel opened{std::move(made.model), {}};
  if (made.weights) opened.notes.push_back(to_text(*made.weights));
  if (!checkpoint.empty()) load_into(opened, checkpoint);
  return opened;
}

tx::TensorModule named_model(const ModelChoice& choice) {
  if (!fs::exists(choice.model)) {
    tx::ModelOptions options;
    if (choice.num_classes) options.num_classes = *choice.num_classes;
    return tx::create_model(choice.model, options);
  }
  TORCH_CHECK_VALUE(!choice.num_classes, choice.model,
                    ": found --num-classes, expected it for a name of --list or a config only");
  return tx::build_module(tx::load(choice.model));
}

OpenedModel whole_or_named_model(const ModelChoice& choice) {
  OpenedModel opened{named_model(choice), {}};
  if (!choice.checkpoint.empty()) load_into(opened, choice.checkpoint);
  return opened;
}

// The config that a run's folder has; a path to anything else is returned as it is.
std::string config_in(const std::string& path) {
  if (!fs::is_directory(path)) return path;
  const auto config = fs::path(path) / kRunConfig;
  TORCH_CHECK_VALUE(fs::exists(config), path, ": found a folder without ", kRunConfig, ", expected that of a run");
  return config.string();
}

}  // namespace

OpenedModel open_model(const ModelChoice& choice) {
  const std::string path = config_in(choice.model);
  OpenedModel opened =
      fs::exists(path) && path.ends_with(".json") ? configured_model(choice, path) : whole_or_named_model(choice);
  opened.model.ptr()->eval();
  return opened;
}

}  // namespace inspect
