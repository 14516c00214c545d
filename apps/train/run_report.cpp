#include "run_report.h"

#include <cstdio>
#include <filesystem>
#include <map>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/folder.h"
#include "libtorch_ext/device/env_report.h"
#include "libtorch_ext/inspect/count_parameters.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/train/csv_log.h"
#include "libtorch_ext/train/epoch.h"
#include "libtorch_ext/train/report/report.h"
#include "stop_signal.h"

namespace tx = torch_ext;

namespace {

// Leaves the last weights where the best ones can't be read: a run isn't less finished for it.
void load_best_weights(tx::Run& run, const std::string& path) {
  if (!std::filesystem::exists(path)) return;
  try {
    const auto file = tx::load(path, {.verify = tx::formats::Verify::kNow});
    if (const auto* state = file.find("averaged_model"); state && run.averaged_model) {
      tx::load_state_dict(*run.averaged_model, {file.path, *state}, {.prefix = tx::PrefixPolicy::kKeep});
    }
    tx::load_state_dict(*run.model.ptr(), file);
  } catch (const tx::CheckpointError& error) {
    std::printf("%s; report.html is of the last weights, not of the best\n", error.what());
  }
}

void take_best_weights(tx::Run& run, const RunFolder& folder) {
  const c10::NoGradGuard no_grad;
  const torch::nn::Module& model = *run.model.ptr();
  if (run.is_main()) load_best_weights(run, folder.file(tx::kBestCheckpoint));
  run.group.broadcast(tx::parameters(model));
  run.group.broadcast(tx::buffers(model));
  if (run.averaged_model) run.group.broadcast(tx::buffers(*run.averaged_model));
}

// A log's columns; none, with a word, where the log can't be read.
std::map<std::string, std::vector<double>> read_log(const std::string& path) {
  try {
    return tx::read_csv_log(path);
  } catch (const tx::Error& error) {
    std::printf("%s; report.html does without\n", error.what());
    return {};
  }
}

std::vector<tx::ReportEpoch> history_of(const RunFolder& folder) {
  const auto columns = read_log(folder.file("metrics.csv"));
  std::vector<tx::ReportEpoch> history;
  for (size_t row = 0; columns.contains("epoch") && row < columns.at("epoch").size(); ++row) {
    const auto at = [&](const char* column) { return columns.at(column)[row]; };
    history.push_back({.epoch = static_cast<int64_t>(at("epoch")),
                       .lr = at("lr"),
                       .train_loss = at("train_loss"),
                       .train_accuracy = at("train_accuracy"),
                       .test_loss = at("test_loss"),
                       .test_accuracy = at("test_accuracy"),
                       .seconds = at("seconds"),
                       .samples_per_second = at("samples_per_second"),
                       .wait_share = at("wait_share")});
  }
  return history;
}

std::vector<std::pair<std::string, std::string>> environment_of(const tx::Run& run) {
  const auto env = tx::env_report();
  std::vector<std::pair<std::string, std::string>> rows = {
      {"Model", run.config.model.name + ", " + std::to_string(tx::count_parameters(*run.model.ptr())) + " parameters"},
      {"Device", run.device.device.str()},
      {"Processes", std::to_string(run.group.size())},
      {"Samples", std::to_string(run.train_loader->dataset().size()) + " for training, " +
                      std::to_string(run.test_samples) + " for the test"},
      {"libtorch_ext", env.version},
      {"LibTorch", env.torch_version + (env.cuda_build.empty() ? "" : ", CUDA " + env.cuda_build)},
      {"Compiler", env.compiler},
      {"System", env.os},
      {"CPU", env.cpu + ", " + env.cpu_capability + ", " + std::to_string(env.num_threads) + " threads"}};
  for (const auto& gpu : env.gpus) rows.emplace_back("GPU", gpu);
  return rows;
}

}  // namespace

bool write_run_report(tx::Run& run, const RunFolder& folder) {
  take_best_weights(run, folder);
  auto details = tx::evaluate_in_detail(run, [] { return stop_signal::received() == 0; });
  if (!details) return false;
  if (!run.is_main()) return true;
  tx::Report report{.title = run.config.model.name + ": " + folder.path,
                    .config_json = tx::to_json(run.config),
                    .environment = environment_of(run),
                    .history = history_of(folder),
                    .class_names = run.class_names,
                    .details = std::move(*details)};
  if (run.config.log_steps) report.step_losses = read_log(folder.file("steps.csv"))["loss"];
  tx::write_html(report, folder.file("report.html"));
  return true;
}
