#include "libtorch_ext/checkpoint/state_dict.h"

#include <torch/torch.h>

#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/format_errors.h"
#include "libtorch_ext/checkpoint/name_filter.h"
#include "libtorch_ext/formats/find_state_dict.h"
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

std::string listed(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = std::string("; ") + title + ": ";
  for (size_t i = 0; i < names.size(); ++i) text += (i ? ", " : "") + names[i];
  return text;
}

std::string listed(const char* title, const std::vector<Mismatch>& mismatches) {
  std::vector<std::string> texts;
  for (const auto& [name, found, expected] : mismatches)
    texts.push_back(name + " found " + found + ", expected " + expected);
  return listed(title, texts);
}

// Pairs a file's entries with a module's.
class Matching {
 public:
  Matching(const torch::nn::Module& module, const formats::Dict& state, const LoadOptions& options)
      : state_(state), options_(options), entries_(state_entries(module)) {
    std::vector<std::string> file_keys, module_keys;
    for (const auto& [key, value] : state.items) {
      if (key.as<std::string>()) file_keys.push_back(formats::renamed(options.rename, *key.as<std::string>()));
    }
    for (const auto& entry : entries_) module_keys.push_back(entry.name);
    change_ = prefix_change(file_keys, module_keys, options.prefix);
    report_.prefix = change_.to_words();
    expected_.insert(module_keys.begin(), module_keys.end());
    for (const auto& item : state.items) add(item);
    for (const auto& entry : entries_) {
      if (is_chosen(entry.name, options.only, options.exclude)) pair(entry);
    }
  }

  LoadReport& report() { return report_; }

  // Every misfit that is an error, or empty.
  std::string problem() const {
    const bool misses = options_.strict && !(report_.missing.empty() && report_.unexpected.empty());
    if (!misses && (report_.mismatched.empty() || options_.skip_mismatched)) return "";
    return "the state_dict doesn't fit the module" + listed("mismatched", report_.mismatched) +
           listed("missing keys", report_.missing) + listed("unexpected keys", report_.unexpected);
  }

  void copy() const {
    for (const auto& [target, value] : copies_) value.storage->bytes();  // a damaged record shows before any copy
    for (const auto& [target, value] : copies_) copy_into(target, value);
  }

 private:
  void add(const std::pair<Value, Value>& item) {
    const auto* key = item.first.as<std::string>();
    if (!key) return report_.unexpected.push_back("a key that is no string");
    const std::string name = change_.apply(formats::renamed(options_.rename, *key));
    if (!expected_.count(name)) {
      if (!is_chosen(name, options_.only, options_.exclude)) return;
      report_.unexpected.push_back(item.second.as<formats::Tensor>() ? *key
                                                                     : *key + " (" + described(item.second) + ")");
    } else if (!found_.emplace(name, &item.second).second) {
      throw std::invalid_argument("two keys, one of them \"" + *key + "\", become \"" + name + "\"");
    }
  }

  void pair(const StateEntry& entry) {
    const auto hit = found_.find(entry.name);
    if (hit == found_.end()) {
      if (!came_later(entry.name)) report_.missing.push_back(entry.name);
      return;
    }
    const auto* value = hit->second->as<formats::Tensor>();
    if (!value || c10::isQIntType(value->dtype)) {
      report_.mismatched.push_back(
          {entry.name, described(*hit->second), c10::str("a tensor of shape ", entry.tensor.sizes())});
      return;
    }
    formats::Tensor tensor = *value;
    if (entry.tensor.dim() == 0 && tensor.shape == std::vector<int64_t>{1}) {
      tensor.shape = tensor.stride = {};  // before 0.4 there were no scalars
    }
    if (entry.tensor.sizes() != at::IntArrayRef(tensor.shape)) {
      report_.mismatched.push_back(
          {entry.name, c10::str(at::IntArrayRef(tensor.shape)), c10::str(entry.tensor.sizes())});
      return;
    }
    if (entry.tensor.scalar_type() != tensor.dtype) {
      report_.converted.push_back({entry.name, std::string(formats::dtype_name(tensor.dtype)),
                                   std::string(formats::dtype_name(entry.tensor.scalar_type()))});
    }
    copies_.emplace_back(entry.tensor, std::move(tensor));
  }

  // Whether `name` is an entry that the module's layout got only after the file was written.
  bool came_later(const std::string& name) const {
    const PrefixChange back{.strip = change_.add, .add = change_.strip};
    return split_path(name).second == kBatchesTracked && version_in(state_, split_path(back.apply(name)).first) < 2;
  }

  const formats::Dict& state_;
  const LoadOptions& options_;
  std::vector<StateEntry> entries_;
  PrefixChange change_;
  std::unordered_set<std::string> expected_;
  std::unordered_map<std::string, const Value*> found_;
  std::vector<std::pair<at::Tensor, formats::Tensor>> copies_;
  LoadReport report_;
};

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
    matching.report().key = state.key;
    return std::move(matching.report());
  });
}

LoadReport load_state_dict(torch::nn::Module& module, const StateDict& source, const LoadOptions& options) {
  TensorWriter writer;
  return load_state_dict(module, LoadedFile{"", to_value(source, writer)}, options);
}

}  // namespace torch_ext
