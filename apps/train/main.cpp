// tx-train: trains what a JSON file says.
#include <CLI/CLI.hpp>
#include <torch/torch.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <malloc.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/bad_input.h"
#include "launch.h"
#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/manager.h"
#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/core/version.h"
#include "libtorch_ext/device/visible_devices.h"
#include "libtorch_ext/inspect/count_parameters.h"
#include "libtorch_ext/inspect/profile.h"
#include "libtorch_ext/parallel/error.h"
#include "libtorch_ext/parallel/launcher_environment.h"
#include "libtorch_ext/parallel/process_group.h"
#include "libtorch_ext/train/epoch.h"
#include "libtorch_ext/train/lr_find.h"
#include "libtorch_ext/train/resume.h"
#include "run_folder.h"
#include "stop_signal.h"
#include "training.h"

namespace tx = torch_ext;

namespace {

constexpr const char* kProgram = "tx-train";

struct Arguments {
  std::string config;
  std::vector<std::string> assignments;
  std::string output;
  std::string resume;
  bool dry_run = false;
  bool print_config = false;
  bool schema = false;
  std::optional<std::string> explain;
  bool profile = false;
  bool lr_find = false;
  int nproc = 1;
  int max_restarts = 0;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.set_version_flag("--version", "tx-train " TORCH_EXT_VERSION);
  app.add_option("CONFIG", arguments.config, "The run, as a JSON file (// comments allowed)");
  app.add_option("--set", arguments.assignments, "Put a value over the file's, as in --set optimizer.lr=0.05")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  app.add_option("--output", arguments.output, "Folder of last.pt, best.pt, metrics.csv and config.json")
      ->type_name("DIR");
  app.add_option("--resume", arguments.resume,
                 "Go on from a checkpoint; auto: from the newest whole one in DIR, if any")
      ->type_name("auto|PATH");
  app.add_flag("--dry-run", arguments.dry_run, "Build everything, run one batch forward and backward, write nothing");
  app.add_option("--nproc", arguments.nproc, "Train with so many processes on this machine, as torchrun would")
      ->check(CLI::Range(1, 1024));
  app.add_option("--max-restarts", arguments.max_restarts,
                 "With --nproc: start all of them anew, from the newest checkpoint, when one dies; at most so often")
      ->check(CLI::Range(0, 1000000));
  const auto shorthand = [&](const char* option, const char* key, const char* help, const char* type) {
    app.add_option_function<std::string>(
           option, [&arguments, key](const std::string& value) { arguments.assignments.push_back(key + ("=" + value)); },
           help)
        ->type_name(type);
  };
  shorthand("--max-steps", "max_steps", "End after so many optimizer steps", "N");
  shorthand("--max-time", "max_time", "End after so many seconds", "SECONDS");
  shorthand("--overfit", "overfit_batches", "Train and test on the first N batches alone", "N");
  app.add_flag("--profile", arguments.profile, "Print how long each module's forward takes, and stop");
  app.add_flag("--lr-find", arguments.lr_find, "Train with a rising learning rate, print how the loss goes, and stop");
  app.add_flag("--schema", arguments.schema, "Print JSON Schema of the configs, and stop");
  app.add_option("--explain", arguments.explain,
                 "Print what a key such as optimizer.lr, or a section, means, and stop; without KEY, everything")
      ->type_name("KEY")
      ->expected(0, 1);
  app.add_flag("--print-config", arguments.print_config, "Print the config with every default, and stop");
}

// `checkpoint`: that the run goes on from, or null.
void print_header(const tx::Run& run, const tx::LoadedFile* checkpoint) {
  if (!run.device.reason.empty()) std::printf("%s\n", run.device.reason.c_str());
  if (!run.batch_size_choice.empty()) std::printf("%s\n", run.batch_size_choice.c_str());
  const std::string processes = run.group.size() > 1 ? std::to_string(run.group.size()) + " processes, " : "";
  std::printf("%s: %lld parameters, %son %s with %d threads; %lld training and %lld test samples\n",
              run.config.model.name.c_str(), static_cast<long long>(tx::count_parameters(*run.model.ptr())),
              processes.c_str(), run.device.device.str().c_str(), torch::get_num_threads(),
              static_cast<long long>(run.train_loader->dataset().size()), static_cast<long long>(run.test_samples));
  if (run.weights) std::printf("model.weights: %s\n", to_text(*run.weights).c_str());
  if (!run.weights && !run.frozen.empty() && !checkpoint) {
    std::printf("frozen at their random initial values, as there are no model.weights: %s\n",
                tx::few_of(run.frozen).c_str());
  }
  std::fflush(stdout);
}

int print_profile(const tx::Run& run) {
  for (const tx::Batch& batch : *run.train_loader) {
    std::cout << tx::to_text(tx::profile(run.model, batch.data));
    break;
  }
  return 0;
}

int dry_run(tx::Run& run) {
  double loss = 0;
  tx::train_epoch(run, [&](double value) {
    loss = value;
    return false;
  });
  std::printf("dry run: one batch of %lld went forward and backward, loss %.4f; nothing was written\n",
              static_cast<long long>(run.tally.samples), loss);
  return 0;
}

// The newest whole checkpoint of the folder; nothing where it has none.
std::optional<tx::LoadedFile> newest_checkpoint(const RunFolder& folder) {
  auto [file, skipped] = tx::find_resumable(folder.path);
  if (!file) std::printf("no %s to resume from: starting anew\n", folder.file(tx::kLastCheckpoint).c_str());
  for (const auto& [path, problem] : skipped) {
    std::printf("%s can't be resumed from: %s; going on from %s\n", path.c_str(), problem.c_str(), file->path.c_str());
  }
  return std::move(file);
}

// The checkpoint to go on from; nothing for a fresh start. The main process chooses it.
std::optional<tx::LoadedFile> checkpoint_to_resume(const Arguments& arguments, const RunFolder& folder,
                                                   const tx::ProcessGroup& group) {
  if (arguments.resume.empty()) return std::nullopt;
  const auto read = [](const std::string& path) { return tx::load(path, {.verify = tx::formats::Verify::kNow}); };
  std::optional<tx::LoadedFile> file;
  if (group.rank() == 0) file = arguments.resume == "auto" ? newest_checkpoint(folder) : read(arguments.resume);
  const std::string path = group.broadcast(file ? file->path : "");
  if (!file && !path.empty()) file = read(path);
  return file;
}

void resume(tx::Run& run, const tx::LoadedFile& checkpoint) {
  const tx::ResumeReport report = tx::resume_run(run, checkpoint);
  if (!run.is_main()) return;
  std::printf("resumed from %s: %lld of %lld epochs done, step %lld\n", checkpoint.path.c_str(),
              static_cast<long long>(run.epoch), static_cast<long long>(run.config.epochs),
              static_cast<long long>(run.step));
  std::printf("weights: %s\n", to_text(report.weights).c_str());
  for (const auto& note : report.notes) std::printf("%s\n", note.c_str());
}

std::unique_ptr<tx::CheckpointManager> open_checkpoints(const tx::TrainConfig& config) {
  const tx::CheckpointManagerOptions options{.every_epochs = config.checkpoint.every_epochs,
                                             .keep = config.checkpoint.keep,
                                             .background = config.checkpoint.background};
  try {
    auto checkpoints = std::make_unique<tx::CheckpointManager>(config.output, options);
    if (!checkpoints->lock_problem().empty()) {
      std::printf("%s; see to it yourself that no second run writes there\n", checkpoints->lock_problem().c_str());
    }
    return checkpoints;
  } catch (const tx::CheckpointError& error) {
    throw tx::Error(error.what_without_backtrace() + std::string(" with --output"));
  }
}

// Each step frees and takes the same large blocks. By default glibc returns them to the kernel every time, and the page
// faults cost a tenth of the time.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MXFAST, 0);  // nothing to be merged whenever a large block is freed
}

int train_as_main(tx::Run& run, const Arguments& arguments, const RunFolder& folder,
                  std::unique_ptr<tx::CheckpointManager> checkpoints, const std::string& resumed) {
  if (arguments.dry_run) return dry_run(run);
  if (!checkpoints) checkpoints = open_checkpoints(run.config);
  const bool goes_on_here = !resumed.empty() && (arguments.resume == "auto" || folder.is_last(resumed));
  if (!goes_on_here) {
    const std::string earlier = folder.begin_anew();
    if (!earlier.empty()) std::printf("moved the earlier run in %s to %s\n", folder.path.c_str(), earlier.c_str());
  }
  folder.remove_leftovers();
  checkpoints->remove_leftovers();
  stop_signal::catch_signals(/*has_launcher=*/run.group.size() > 1);
  return Training(run, folder, checkpoints.get()).run();
}

// In each process of several but the main one.
int train_along(tx::Run& run, const Arguments& arguments, const RunFolder& folder) {
  if (arguments.dry_run) {
    tx::train_epoch(run, [](double) { return false; });
    return 0;
  }
  stop_signal::catch_signals(/*has_launcher=*/run.group.size() > 1);
  return Training(run, folder, nullptr).run();
}

// With --profile and --lr-find, which take a run as it begins.
int measure(tx::Run& run, const Arguments& arguments) {
  if (!run.is_main()) return 0;
  print_header(run, nullptr);
  if (arguments.profile) return print_profile(run);
  std::cout << tx::to_text(tx::lr_find(run));
  return 0;
}

int train_in(const tx::ProcessGroup& group, const tx::TrainConfig& config, const Arguments& arguments) {
  if (arguments.profile || arguments.lr_find) {
    tx::Run run = tx::make_run(config, group);
    return measure(run, arguments);
  }
  const RunFolder folder{config.output};
  // The lock comes before the first look at what is in the folder. One that isn't there is made for a run that can
  // begin. Until then, nothing in it is changed.
  std::unique_ptr<tx::CheckpointManager> checkpoints;
  const bool writes = group.rank() == 0 && !arguments.dry_run;
  if (writes && std::filesystem::exists(folder.path)) checkpoints = open_checkpoints(config);
  auto checkpoint = checkpoint_to_resume(arguments, folder, group);
  tx::Run run = tx::make_run(config, group, {.loads_weights = !checkpoint});
  if (run.is_main()) print_header(run, checkpoint ? &*checkpoint : nullptr);
  if (checkpoint) resume(run, *checkpoint);
  const std::string resumed = checkpoint ? checkpoint->path : "";
  checkpoint.reset();
  if (!run.is_main()) return train_along(run, arguments, folder);
  return train_as_main(run, arguments, folder, std::move(checkpoints), resumed);
}

tx::ProcessGroup join_group(const tx::DistributedConfig& config) {
  const auto milliseconds = std::chrono::milliseconds(static_cast<int64_t>(1000 * config.timeout));
  return tx::init_process_group({.backend = config.backend, .timeout = milliseconds});
}

int failed(const std::string& message, bool lost_others = false) {
  constexpr int kFailed = 2;
  std::fflush(stdout);
  return tell_launcher(message, lost_others) ? kFailed : bad_input(kProgram, message);
}

// What `main_part` returns; in its stead, the errors' exit code.
template <class MainPart>
int or_failed(MainPart main_part) {
  try {
    return main_part();
  } catch (const tx::ProcessGroupError& error) {
    return failed(error.what(), /*lost_others=*/true);
  } catch (const c10::Error& error) {
    return failed(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

int train(Arguments arguments, char** argv) {
  if (arguments.schema) {
    std::cout << tx::train_config_schema();
    return 0;
  }
  if (arguments.explain) {
    std::cout << tx::explain_train_config(*arguments.explain);
    return 0;
  }
  if (arguments.config.empty()) return failed("CONFIG is required\nRun with --help for more information.");
  tx::TrainConfig config = tx::read_train_config(arguments.config, arguments.assignments);
  if (!arguments.output.empty()) config.output = arguments.output;
  if (arguments.print_config) {
    std::cout << tx::to_json(config);
    return 0;
  }
  if ((arguments.profile || arguments.lr_find) && !arguments.resume.empty()) {
    return failed("--resume: found --profile or --lr-find with it, which take a run as it begins; expected one of them");
  }
  // A launcher that starts its processes anew repeats their arguments.
  const auto launcher = tx::launcher_environment();
  if (arguments.lr_find && (launcher ? launcher->world_size : arguments.nproc) > 1) {
    return failed("--lr-find: found several processes, expected one");
  }
  if (arguments.nproc > 1 && !launcher && !arguments.profile) {
    return launch(argv, {.processes = arguments.nproc, .max_restarts = arguments.max_restarts});
  }
  if (launcher && launcher->restart_count > 0) arguments.resume = "auto";
  if (config.cuda_visible_devices) tx::set_visible_devices(*config.cuda_visible_devices);
  const auto group = join_group(config.distributed);
  // An error is told while the group is there: the others notice that this process is gone when the cause is known.
  return or_failed([&] { return train_in(group, config, arguments); });
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow further is an error of writing, with a message
  CLI::App app("Trains a classifier as a JSON file says", kProgram);
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return failed(error.what());
  }
  return or_failed([&] { return train(arguments, argv); });
}
