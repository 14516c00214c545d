#include "libtorch_ext/train/resume.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <type_traits>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/checkpoint/rng_state.h"
#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/formats/python_float.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/inspect/non_finite.h"
#include "libtorch_ext/optim/group_values.h"
#include "libtorch_ext/optim/lr_schedulers/schedule_state.h"
#include "libtorch_ext/train/config_changes.h"
#include "libtorch_ext/train/run.h"

namespace torch_ext {
namespace {

std::string text_of(const Value& value) {
  constexpr size_t kMost = 60;
  return formats::repr(value, kMost);
}

std::string problem_of(const CheckpointError& error) {
  const std::string text = error.what(), subject = error.file() + ": ";
  return text.starts_with(subject) ? text.substr(subject.size()) : text;
}

void check_is_run(const LoadedFile& file) {
  try {
    for (const char* key : {"epoch", "state_dict", "optimizer"}) file.at(key);
  } catch (const CheckpointError& error) {
    throw CheckpointError(file.path, problem_of(error) + "; to start from weights alone, give them as model.weights");
  }
}

// Puts a run where a checkpoint says, part by part.
class Resuming {
 public:
  Resuming(Run& run, const LoadedFile& file) : run_(run), file_(file) {
    check_is_run(file);
    const Value* config = file.find("config");
    const auto* text = config ? config->as<std::string>() : nullptr;
    if (text) changes_ = config_changes(*text, to_json(run.config));
    if (const Value* progress = file.find("progress")) progress_ = LoadedFile{file.path, *progress};
    run_.epoch = file.integer("epoch");
    run_.step = progress_ ? progress_->integer("step") : run_.epoch * steps_per_epoch(run.config, *run.train_loader);
  }

  ResumeReport resume() {
    const Schedule schedule = find_schedule();
    load_weights();
    load_optimizer(schedule);
    load_averages();
    if (const Value* state = file_.find("scaler"); state && run_.scaler) run_.scaler->load_state_dict(*state);
    if (const Value* state = file_.find("rng_state")) set_rng_state(*state);
    load_position();
    load_progress();
    note_changes();
    return std::move(report_);
  }

 private:
  // What becomes of the run's schedule.
  enum class Schedule {
    kNone,         ///< there is none
    kLoaded,       ///< it goes on where the file's stood
    kPassed,       ///< the file says nothing of it: it takes the steps anew
    kPassedOther,  ///< the file's is another one
  };

  void note(std::string line) { report_.notes.push_back(std::move(line)); }

  Schedule find_schedule() {
    const Value* saved = file_.find("lr_scheduler");
    if (!run_.scheduler) {
      if (saved) note("lr_scheduler: the checkpoint's " + schedule_name(*saved) + " ends here, the config has none");
      return Schedule::kNone;
    }
    const Value own = run_.scheduler->state_dict();
    const std::string goes_on = "; " + schedule_name(own) + " goes on as after " + std::to_string(steps_of_schedule()) +
                                " of its steps, from the checkpoint's rate";
    if (!saved) {
      note("lr_scheduler: the checkpoint has none" + goes_on);
      return Schedule::kPassed;
    }
    const bool is_same = is_same_schedule(*saved, own);
    if (!is_same || has_changed("/lr_scheduler/interval")) {
      note("lr_scheduler: the checkpoint has " + schedule_name(*saved) + (is_same ? " with another interval" : "") + goes_on);
      return Schedule::kPassedOther;
    }
    for (const auto& difference : differences(*saved, own)) {
      if (difference.argument == "total_steps" && difference.is_less()) {
        throw CheckpointError(file_.path, ends_early(difference));
      }
      note("lr_scheduler: the checkpoint's " + difference.argument + " = " + text_of(difference.saved) + " of " +
           difference.schedule + " stays, not " + text_of(difference.own) + afterwards(difference));
    }
    return Schedule::kLoaded;
  }

  static const char* afterwards(const ScheduleDifference& difference) {
    if (!difference.is_less()) return "";
    if (difference.argument == "T_max") return "; after that the rate rises again";
    if (difference.argument == "total_iters") return "; after that the rate stays as it is";
    return "";
  }

  std::string ends_early(const ScheduleDifference& difference) const {
    const int64_t steps = *difference.saved.as<int64_t>();
    const auto change = find_change("/epochs");
    const std::string epochs = change ? change->before : std::to_string(run_.config.epochs);
    const int64_t an_epoch = steps_per_epoch(run_.config, *run_.train_loader);
    const bool whole_epochs = steps_each_batch(*run_.config.lr_scheduler) && steps % an_epoch == 0 &&
                              epochs == std::to_string(steps / an_epoch);
    const std::string made_for = std::to_string(steps) + " steps";
    return "lr_scheduler: its " + difference.schedule + " is made for " +
           (whole_epochs ? epochs + " epochs (" + made_for + ")" : made_for) +
           " and can't be stretched to " + text_of(difference.own) + " (torch's rule); end the run there, or begin a new "
           "one from these weights (model.weights) without --resume, or go on under another lr_scheduler";
  }

  int64_t steps_of_schedule() const { return steps_each_batch(*run_.config.lr_scheduler) ? run_.step : run_.epoch; }

  // Brings the schedule to the run's step, for a file that doesn't say where it stands.
  void pass_over_steps() {
    const int64_t steps = steps_of_schedule();
    if (std::holds_alternative<ReduceLROnPlateauConfig>(*run_.config.lr_scheduler)) {
      run_.scheduler->load_state_dict(formats::Dict{.items = {{"last_epoch", steps}}});
    } else {
      for (int64_t i = 0; i < steps; ++i) run_.scheduler->step();
    }
  }

  void load_weights() {
    report_.weights = or_named({"/model/"}, [&] { return load_state_dict(*run_.model.ptr(), file_); });
    if (const std::string found = find_non_finite(*run_.model.ptr()); !found.empty()) {
      throw CheckpointError(file_.path, "found " + found + ", expected finite weights to go on from");
    }
    if (const auto& weights = run_.config.model.weights) {
      note("model.weights: the checkpoint's weights take the place of " + *weights);
    }
  }

  void load_optimizer(Schedule schedule) {
    const bool passes = schedule == Schedule::kPassed || schedule == Schedule::kPassedOther;
    if (passes) pass_over_steps();  // the rates that it sets give way to the file's
    const auto scheduled = group_values(*run_.optimizer);
    const GroupValuesList own = *scheduled;
    auto [changed, extras] = or_named({"/optimizer/name", "/param_groups", "/model/"}, [&] {
      return load_optimizer_state_dict(*run_.optimizer, file_.at("optimizer"), file_.path);
    });
    note_options(std::move(changed), own, *scheduled);
    if (schedule == Schedule::kPassedOther) *scheduled = own;
    if (schedule == Schedule::kLoaded) run_.scheduler->load_state_dict(*file_.find("lr_scheduler"));
  }

  // The options that the file overrules, but for those that the schedule has moved.
  void note_options(std::vector<std::string> changed, const GroupValuesList& own, const GroupValuesList& loaded) {
    if (run_.scheduler) {
      const Value* saved = file_.find("lr_scheduler");
      const auto drop = [&](const char* key) {
        std::erase_if(changed, [&](const std::string& line) { return line.find(key) != std::string::npos; });
      };
      drop(".lr: ");
      if (cycles_momentum(run_.scheduler->state_dict()) || (saved && cycles_momentum(*saved))) {
        drop(".momentum: "), drop(".betas: ");
      }
      for (size_t g = 0; g < own.size(); ++g) {
        const auto &before = own[g].initial_lr, &now = loaded[g].initial_lr;
        if (!before || !now || *before == *now) continue;
        changed.push_back("optimizer.param_groups." + std::to_string(g) + ".initial_lr: " + formats::python_float(*before) +
                          " became " + formats::python_float(*now));
      }
      const auto rate = find_change("/optimizer/lr");
      const auto is_told = [](const std::string& line) { return line.find(".initial_lr: ") != std::string::npos; };
      if (rate && std::ranges::none_of(changed, is_told)) {
        changed.push_back("optimizer.lr: " + rate->now + " became " + rate->before);
      }
    }
    if (!changed.empty()) note("as in Python, the checkpoint's options of the optimizer stay: " + few_of(changed));
  }

  void load_averages() {
    const Value* state = file_.find("averaged_model");
    if (state && run_.averaged_model) {
      load_state_dict(*run_.averaged_model, {file_.path, *state}, {.prefix = PrefixPolicy::kKeep});
      std::erase(report_.weights.beside, "averaged_model");  // it is used, too
    } else if (run_.averaged_model && run_.epoch > run_.config.averaged_model->start_epoch) {
      run_.averaged_model->update_parameters(*run_.model.ptr());
    }
  }

  void load_position() {
    if (const Value* value = file_.find("loader")) {
      load_position({file_.path, *value});
    } else {
      run_.train_loader->seek_epoch(run_.epoch);
    }
    run_.position = run_.train_loader->state_dict();
  }

  void load_position(const LoadedFile& saved) {
    DataLoader& loader = *run_.train_loader;
    const auto* generator = saved.at("generator").as<formats::Tensor>();
    if (!generator) throw CheckpointError(saved.path, "loader.generator: expected a tensor");
    const LoaderState state{to_tensor(*generator), saved.find("epoch") ? saved.integer("epoch") : run_.epoch,
                            saved.integer("batch")};
    auto check = [&](const char* key, int64_t expected) {
      if (state.batch == 0 || saved.integer(key) == expected) return;
      throw CheckpointError(saved.path, c10::str("loader.", key, ": found ", saved.integer(key), ", expected ", expected,
                                                 ": in the middle of an epoch the data can't change"));
    };
    check("batch_size", loader.options().batch_size);
    check("samples", loader.dataset().size());
    if (saved.find("processes")) {
      check("processes", run_.group.size());
      note_from_here("processes", std::to_string(saved.integer("processes")), std::to_string(run_.group.size()));
    }
    loader.load_state_dict(state);
  }

  void load_progress() {
    const std::string best = std::string("best_") + kWatchedMetric;
    if (const Value* value = file_.find(best); value && !value->is_none()) run_.best = file_.number(best);
    if (run_.best && std::isnan(*run_.best)) run_.best.reset();
    run_.best_epoch = run_.epoch;
    if (!progress_) return;
    run_.best_epoch = progress_->find("best_epoch") ? progress_->integer("best_epoch") : run_.epoch;
    if (const Value* loss = progress_->find("best_loss"); loss && !loss->is_none()) run_.best_loss = progress_->number("best_loss");
    const auto tests = [this](int64_t epoch) { return epoch / run_.config.eval_every_epochs; };
    if (run_.best) run_.tests_without_better = tests(run_.epoch) - tests(run_.best_epoch);  // in earlier versions' files
    if (progress_->find("tests_without_better")) run_.tests_without_better = progress_->integer("tests_without_better");
    if (run_.is_main()) {
      run_.tally = {progress_->number("loss_sum"), progress_->integer("correct"), progress_->integer("samples")};
    }
  }

  void note_from_here(const std::string& what, const std::string& before, const std::string& now) {
    if (before != now) note(what + ": " + now + " from here on, " + before + " until now");
  }

  // What has changed in the config and changes what follows, or doesn't although one might think so.
  void note_changes() {
    const auto seed = find_change("/seed");
    if (seed && file_.find("rng_state")) {
      note("seed: the checkpoint's random numbers go on, of " + seed->before + ", not of " + seed->now);
    }
    for (const auto& change : changes_) {
      if (change.takes_effect()) note_from_here(change.key(), change.before, change.now);
    }
  }

  std::optional<ConfigChange> find_change(const std::string& pointer) const {
    const auto found = std::ranges::find(changes_, pointer, &ConfigChange::pointer);
    return found == changes_.end() ? std::nullopt : std::optional(*found);
  }
  bool has_changed(const std::string& pointer) const { return find_change(pointer).has_value(); }

  // What `load` returns; where it throws, its error names the keys below `pointers` that have changed.
  template <class Load>
  std::invoke_result_t<Load> or_named(std::initializer_list<std::string_view> pointers, Load load) {
    try {
      return load();
    } catch (const CheckpointError& error) {
      std::vector<std::string> words;
      for (const auto& change : changes_) {
        const bool matters = std::ranges::any_of(pointers, [&](const auto& start) { return change.is_below(start); });
        if (matters) words.push_back(change.key() + " = " + change.before + ", not " + change.now);
      }
      if (words.empty()) throw;
      throw CheckpointError(file_.path, "the checkpoint is of " + few_of(words) + ": " + problem_of(error));
    }
  }

  Run& run_;
  const LoadedFile& file_;
  std::optional<LoadedFile> progress_;
  std::vector<ConfigChange> changes_;
  ResumeReport report_;
};

}  // namespace

ResumeReport resume_run(Run& run, const LoadedFile& file) { return Resuming(run, file).resume(); }

}  // namespace torch_ext
