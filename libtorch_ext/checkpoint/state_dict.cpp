#include "libtorch_ext/checkpoint/state_dict.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/format_errors.h"
#include "libtorch_ext/checkpoint/name_filter.h"
#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/formats/find_state_dict.h"
#include "libtorch_ext/formats/glob.h"
#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {

using formats::PrefixChange;

namespace {

const std::string kBatchesTracked = "num_batches_tracked";

int64_t layout_version(const torch::nn::Module& module) {
  const bool is_norm = module.named_buffers(false).contains(kBatchesTracked) || module.as<torch::nn::BatchNorm1d>() ||
                       module.as<torch::nn::BatchNorm2d>() || module.as<torch::nn::BatchNorm3d>() ||
                       module.as<torch::nn::InstanceNorm1d>() || module.as<torch::nn::InstanceNorm2d>() ||
                       module.as<torch::nn::InstanceNorm3d>();
  return is_norm ? 2 : 1;  // since 2 it has num_batches_tracked
}

// The layout version that the file's `_metadata` gives for a module's path; 0 where it gives none.
int64_t version_in(const formats::Dict& state, const std::string& path) {
  for (const auto& [name, metadata] : state.attributes) {
    const auto* paths = name == "_metadata" ? metadata.as<formats::Dict>() : nullptr;
    const Value* entry = paths ? paths->find(path) : nullptr;
    const auto* fields = entry ? entry->as<formats::Dict>() : nullptr;
    const Value* version = fields ? fields->find("version") : nullptr;
    if (version && version->as<int64_t>()) return *version->as<int64_t>();
  }
  return 0;
}

std::pair<std::string, std::string> split_path(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::pair<std::string, std::string>{"", name}
                                  : std::pair{name.substr(0, dot), name.substr(dot + 1)};
}

std::vector<std::string> words_of(const std::vector<Mismatch>& mismatches) {
  std::vector<std::string> words;
  for (const auto& [name, found, expected] : mismatches) {
    words.push_back(name + " found " + found + ", expected " + expected);
  }
  return words;
}

// Every misfit, or of each kind the first.
std::string misfits(const LoadReport& report, size_t most) {
  std::string text;
  const auto list = [&](const char* title, const std::vector<std::string>& words) {
    if (!words.empty()) text += std::string("; ") + title + ": " + few_of(words, most);
  };
  list("mismatched", words_of(report.mismatched));
  list("missing keys", report.missing);
  list("unexpected keys", report.unexpected);
  return text;
}

// What of a model an entry is: without its matrices and kernels, the rest is worth nothing.
enum class Part { kNone, kBuffer, kVector, kWeight };

Part part_of(const StateEntry& entry) {
  if (entry.is_buffer) return Part::kBuffer;
  return entry.tensor.dim() < 2 ? Part::kVector : Part::kWeight;
}

// Pairs a file's entries with a module's.
class Matching {
 public:
  Matching(const torch::nn::Module& module, const formats::Dict& state, const LoadOptions& options)
      : state_(state), options_(options), entries_(state_entries(module)) {
    std::vector<std::string> file_keys, module_keys;
    for (const auto& entry : entries_) module_keys.push_back(entry.name);
    expected_.insert(module_keys.begin(), module_keys.end());
    if (!options.rename.empty()) report_.renamed = 0;
    for (const auto& [key, value] : state.items) {
      const auto* name = key.as<std::string>();
      if (!name || is_count_of_averages(*name)) continue;
      file_keys.push_back(formats::renamed(options.rename, *name));
      if (file_keys.back() != *name) ++*report_.renamed;
    }
    change_ = prefix_change(file_keys, module_keys, options.prefix);
    report_.prefix = change_.to_words();
    for (auto& key : file_keys) key = change_.apply(key);
    check_globs(module_keys, file_keys);
    for (const auto& item : state.items) add(item);
    for (const auto& entry : entries_) {
      if (is_chosen(entry.name, options.only, options.exclude)) {
        pair(entry);
      } else {
        report_.left_out.push_back(entry.name);
      }
    }
  }

  LoadReport& report() { return report_; }

  // Every misfit that is an error, or empty.
  std::string problem() const {
    const bool misses = options_.strict && !(report_.missing.empty() && report_.unexpected.empty());
    const bool mismatches = !options_.skip_mismatched && !report_.mismatched.empty();
    const bool nothing = loaded_ < asked_;
    if (!nothing || !report_.loaded.empty()) {
      if (misses || mismatches) {
        return "the state_dict doesn't fit the module" + misfits(report_, std::numeric_limits<size_t>::max());
      }
      if (!nothing) return other_layout();
    }
    constexpr size_t kShown = 4;
    const std::string but = report_.loaded.empty() ? "" : " but " + few_of(report_.loaded);
    return "nothing in the state_dict fits the module" + but + misfits(report_, kShown) +
           (report_.missing.empty() || report_.unexpected.empty() ? "" : "; where the names differ, rename them");
  }

  void copy() const {
    for (const auto& [target, value] : copies_) value.storage->bytes();  // a damaged record shows before any copy
    for (const auto& [target, value] : copies_) copy_into(target, value);
  }

  // Whether `other` is a state_dict of the same names, whatever stands before them.
  bool is_alike(const formats::Dict& other) const {
    const auto weight = std::ranges::find(entries_, Part::kWeight, part_of);
    return weight != entries_.end() && std::ranges::any_of(other.items, [&](const auto& item) {
             const auto* key = item.first.template as<std::string>();
             return key && ("." + *key).ends_with("." + weight->name) && item.second.template as<formats::Tensor>();
           });
  }

 private:
  using Item = std::pair<Value, Value>;

  // Of Python's AveragedModel, whose other keys have a prefix.
  bool is_count_of_averages(const std::string& key) const { return key == "n_averaged" && !expected_.count(key); }

  void check_globs(const std::vector<std::string>& module_keys, const std::vector<std::string>& file_keys) const {
    const auto check = [&](const char* option, const std::string& glob, bool takes_file_keys) {
      const auto matches = [&](const std::string& name) { return formats::matches_glob(glob, name); };
      if (std::ranges::any_of(module_keys, matches)) return;
      if (takes_file_keys && std::ranges::any_of(file_keys, matches)) return;
      throw std::invalid_argument(std::string(option) + ": found \"" + glob + "\", which matches none of the module's " +
                                  std::to_string(module_keys.size()) + " names, such as " + few_of(module_keys) +
                                  did_you_mean(glob, module_keys));
    };
    for (const auto& glob : options_.only) check("only", glob, false);
    for (const auto& glob : options_.exclude) check("exclude", glob, true);
  }

  void add(const Item& item) {
    const auto* key = item.first.as<std::string>();
    if (!key) return report_.unexpected.push_back("a key that is no string");
    if (is_count_of_averages(*key)) return;
    const std::string name = change_.apply(formats::renamed(options_.rename, *key));
    if (!expected_.count(name)) {
      if (!is_chosen(name, options_.only, options_.exclude)) return;
      report_.unexpected.push_back(item.second.as<formats::Tensor>() ? *key
                                                                     : *key + " (" + described(item.second) + ")");
    } else if (!found_.emplace(name, &item).second) {
      throw std::invalid_argument("two keys, one of them \"" + *key + "\", become \"" + name + "\"");
    }
  }

  void pair(const StateEntry& entry) {
    asked_ = std::max(asked_, part_of(entry));
    const auto hit = found_.find(entry.name);
    if (hit == found_.end()) {
      (came_later(entry.name) ? report_.newer : report_.missing).push_back(entry.name);
      return;
    }
    const Value& found = hit->second->second;
    const auto* value = found.as<formats::Tensor>();
    if (!value || c10::isQIntType(value->dtype)) {
      report_.mismatched.push_back({entry.name, described(found), c10::str("a tensor of shape ", entry.tensor.sizes())});
      return;
    }
    formats::Tensor tensor = *value;
    if (entry.tensor.dim() == 0 && tensor.shape == std::vector<int64_t>{1}) {
      tensor.shape = tensor.stride = {};  // before 0.4 there were no scalars
    }
    Kernels& alike = kernels_[part_of(entry) == Part::kWeight ? entry.tensor.dim() : 0];
    if (entry.tensor.sizes() != at::IntArrayRef(tensor.shape)) {
      ++alike.mismatched;
      report_.mismatched.push_back(
          {entry.name, c10::str(at::IntArrayRef(tensor.shape)), c10::str(entry.tensor.sizes())});
      return;
    }
    if (entry.tensor.scalar_type() != tensor.dtype) {
      report_.converted.push_back({entry.name, std::string(formats::dtype_name(tensor.dtype)),
                                   std::string(formats::dtype_name(entry.tensor.scalar_type()))});
    }
    ++alike.loaded;
    loaded_ = std::max(loaded_, part_of(entry));
    report_.loaded.push_back(entry.name);
    copies_.emplace_back(entry.tensor, std::move(tensor));
  }

  // Whether `name` is an entry that the module's layout got only after the file was written.
  bool came_later(const std::string& name) const {
    const auto [path, leaf] = split_path(name);
    if (leaf != kBatchesTracked) return false;
    for (const char* beside : {"running_mean", "weight"}) {
      const auto hit = found_.find(path.empty() ? beside : path + "." + beside);
      if (hit != found_.end()) return version_in(state_, split_path(*hit->second->first.as<std::string>()).first) < 2;
    }
    return version_in(state_, path) < 2;
  }

  // That all weights of a kind are of another shape, or empty.
  std::string other_layout() const {
    constexpr size_t kFew = 3;  // a head, a first layer
    for (const auto& [dimensions, kernels] : kernels_) {
      if (dimensions == 0 || kernels.loaded > 0 || kernels.mismatched < kFew) continue;
      return c10::str("all ", kernels.mismatched, " weights of ", dimensions,
                      " dimensions are of another shape: another layout, or another model",
                      misfits({.mismatched = report_.mismatched}, kFew));
    }
    return "";
  }

  struct Kernels {
    size_t loaded = 0;
    size_t mismatched = 0;
  };

  const formats::Dict& state_;
  const LoadOptions& options_;
  std::vector<StateEntry> entries_;
  PrefixChange change_;
  std::unordered_set<std::string> expected_;
  std::unordered_map<std::string, const Item*> found_;
  std::vector<std::pair<at::Tensor, formats::Tensor>> copies_;
  std::map<int64_t, Kernels> kernels_;  // matrices and kernels, by their number of dimensions
  Part asked_ = Part::kNone, loaded_ = Part::kNone;
  LoadReport report_;
};

// The other keys of the file under which such a state_dict stands.
std::vector<std::string> keys_beside(const Value& root, const std::string& key, const Matching& matching) {
  std::vector<std::string> keys;
  const auto* dict = root.as<formats::Dict>();
  if (!dict || key.empty()) return keys;
  for (const auto& [name, value] : dict->items) {
    const auto* text = name.as<std::string>();
    const auto* other = value.as<formats::Dict>();
    if (text && *text != key && other && matching.is_alike(*other)) keys.push_back(*text);
  }
  return keys;
}

}  // namespace

StateDict state_dict(const torch::nn::Module& module) {
  StateDict state;
  for (const auto& entry : state_entries(module)) state.tensors.insert(entry.name, entry.tensor.detach());
  for (const auto& [path, submodule] : named_modules(module, {.remove_duplicate = false}).pairs()) {
    state.versions.emplace_back(path, layout_version(*submodule));
  }
  return state;
}

Value to_value(const StateDict& state, TensorWriter& writer) {
  formats::Dict tensors{.ordered = true};
  for (const auto& item : state.tensors) tensors.items.emplace_back(item.key(), writer(item.value()));
  formats::Dict metadata{.ordered = true};
  for (const auto& [path, version] : state.versions) {
    metadata.items.emplace_back(path, formats::Dict{.items = {{"version", version}}});
  }
  if (!metadata.items.empty()) tensors.attributes.emplace_back("_metadata", std::move(metadata));
  return tensors;
}

LoadReport load_state_dict(torch::nn::Module& module, const LoadedFile& source, const LoadOptions& options) {
  return with_checkpoint_errors(source.path, [&] {
    const formats::FoundStateDict state = formats::find_state_dict(source.root, source.path, options.key);
    Matching matching(module, state.dict(), options);
    if (const std::string problem = matching.problem(); !problem.empty()) throw CheckpointError(source.path, problem);
    matching.copy();
    LoadReport report = std::move(matching.report());
    report.file = source.path;
    report.key = state.key;
    report.beside = keys_beside(source.root, state.key, matching);
    return report;
  });
}

LoadReport load_state_dict(torch::nn::Module& module, const StateDict& source, const LoadOptions& options) {
  TensorWriter writer;
  return load_state_dict(module, LoadedFile{"", to_value(source, writer)}, options);
}

}  // namespace torch_ext
