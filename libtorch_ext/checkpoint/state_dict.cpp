#include "libtorch_ext/checkpoint/state_dict.h"

#include <torch/torch.h>

#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/python_module.h"
#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

const std::string kBatchesTracked = "num_batches_tracked";

int64_t layout_version(const torch::nn::Module& module) {
  const bool is_norm = module.as<torch::nn::BatchNorm1d>() || module.as<torch::nn::BatchNorm2d>() ||
                       module.as<torch::nn::BatchNorm3d>() || module.as<torch::nn::InstanceNorm1d>() ||
                       module.as<torch::nn::InstanceNorm2d>() || module.as<torch::nn::InstanceNorm3d>();
  return is_norm ? 2 : 1;  // since 2 it has num_batches_tracked
}

// A dictionary.
Value state_dict_in(const LoadedFile& source) {
  if (const Value* model = formats::find_module(source.root)) {
    try {
      return formats::module_state_dict(*model, source.path);
    } catch (const formats::FormatError& error) {
      throw CheckpointError(source.path, std::string(error.what()).substr(source.path.size() + 2));
    }
  }
  const Value* value = &source.root;
  if (const auto* dict = value->as<formats::Dict>()) {
    if (const Value* inner = dict->find("state_dict")) value = inner;
  }
  if (value->as<formats::Dict>()) return *value;
  throw CheckpointError(source.path, "found a " + value->type_name() +
                                         ", expected a state_dict or a dictionary that has one under \"state_dict\"");
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
  const Value held = state_dict_in(source);
  const formats::Dict& state = *held.as<formats::Dict>();
  const std::vector<StateEntry> entries = state_entries(module);

  std::vector<std::string> file_keys, module_keys;
  for (const auto& [key, value] : state.items) {
    if (key.as<std::string>()) file_keys.push_back(*key.as<std::string>());
  }
  for (const auto& entry : entries) module_keys.push_back(entry.name);
  const PrefixChange change = prefix_change(file_keys, module_keys, options.prefix);
  const PrefixChange back{.strip = change.add, .add = change.strip};

  LoadReport report{.prefix = change.to_words()};
  std::unordered_map<std::string, const formats::Tensor*> found;
  for (const auto& [key, value] : state.items) {
    const auto* name = key.as<std::string>();
    const auto* tensor = value.as<formats::Tensor>();
    if (name && tensor) {
      found[change.apply(*name)] = tensor;
    } else {
      report.unexpected.push_back(name ? *name + " (a " + value.type_name() + ")" : "a key that is no string");
    }
  }

  std::vector<std::string> misshapen;
  std::vector<std::pair<at::Tensor, const formats::Tensor*>> copies;
  for (const auto& entry : entries) {
    const auto hit = found.find(entry.name);
    if (hit == found.end()) {
      const auto [path, name] = split_path(entry.name);
      const bool came_later =
          name == kBatchesTracked && version_in(state, split_path(back.apply(entry.name)).first) < 2;
      if (!came_later) report.missing.push_back(entry.name);
      continue;
    }
    if (entry.tensor.sizes() != at::IntArrayRef(hit->second->shape)) {
      misshapen.push_back(
          c10::str(entry.name, " found ", at::IntArrayRef(hit->second->shape), ", expected ", entry.tensor.sizes()));
    }
    copies.emplace_back(entry.tensor, hit->second);
  }
  const std::unordered_set<std::string> expected(module_keys.begin(), module_keys.end());
  for (const auto& key : file_keys) {
    if (found.count(change.apply(key)) && !expected.count(change.apply(key))) report.unexpected.push_back(key);
  }

  if (!misshapen.empty() || (options.strict && !(report.missing.empty() && report.unexpected.empty()))) {
    throw CheckpointError(source.path, "the state_dict doesn't fit the module" + listed("wrong shapes", misshapen) +
                                           listed("missing keys", report.missing) +
                                           listed("unexpected keys", report.unexpected));
  }
  try {
    for (const auto& [target, value] : copies) value->storage->bytes();  // a damaged record shows before any copy
  } catch (const formats::FormatError& error) {
    throw CheckpointError("", error.what());
  }
  for (const auto& [target, value] : copies) copy_into(target, *value);
  return report;
}

LoadReport load_state_dict(torch::nn::Module& module, const StateDict& source, const LoadOptions& options) {
  TensorWriter writer;
  return load_state_dict(module, LoadedFile{"", to_value(source, writer)}, options);
}

}  // namespace torch_ext
