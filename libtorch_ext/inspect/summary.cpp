#include "libtorch_ext/inspect/summary.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/trace.h"
#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

int64_t depth_of(const std::string& path) {
  return path.empty() ? 0 : 1 + static_cast<int64_t>(std::ranges::count(path, '.'));
}

std::vector<ModuleSummary> modules_of_tree(const torch::nn::Module& root) {
  std::vector<ModuleSummary> rows;
  for (const auto& item : named_modules(root)) {
    ModuleSummary row{.path = item.key(), .class_name = class_name(*item.value()), .depth = depth_of(item.key())};
    for (const at::Tensor& parameter : parameters(*item.value())) {
      row.parameters += parameter.numel();
      row.trainable_parameters += parameter.requires_grad() ? parameter.numel() : 0;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void add_calls(const Trace& trace, std::vector<ModuleSummary>& rows) {
  std::unordered_map<std::string, ModuleSummary*> by_path;
  for (ModuleSummary& row : rows) by_path[row.path] = &row;
  for (const TraceNode& node : trace.nodes) {
    if (!node.module) continue;
    ModuleSummary& row = *by_path.at(node.name);
    row.macs += node.macs;
    if (row.calls++ > 0) continue;
    row.inputs = node.inputs;
    row.outputs = node.outputs;
  }
}

// Modules whose calls weren't seen have the sum of the nearest ones below that were.
void add_unseen_macs(std::vector<ModuleSummary>& rows) {
  for (size_t i = rows.size(); i-- > 0;) {
    if (rows[i].calls > 0) continue;
    for (size_t j = i + 1; j < rows.size() && rows[j].depth > rows[i].depth; ++j) {
      if (rows[j].depth == rows[i].depth + 1) rows[i].macs += rows[j].macs;
    }
  }
}

int64_t bytes_of(const std::vector<at::Tensor>& tensors) {
  int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

int64_t state_bytes(const torch::nn::Module& root) {
  std::unordered_set<const c10::StorageImpl*> seen;
  int64_t bytes = 0;
  for (const StateEntry& entry : state_entries(root)) {
    if (seen.insert(entry.tensor.storage().unsafeGetStorageImpl()).second) {
      bytes += static_cast<int64_t>(entry.tensor.nbytes());
    }
  }
  return bytes;
}

}  // namespace

Summary summary(const torch::nn::Module& root, const std::vector<at::Tensor>& inputs,
                const std::function<std::vector<at::Tensor>()>& forward) {
  const at::NoGradGuard no_grad;
  const Trace calls = trace(root, inputs, forward);

  Summary summary{.modules = modules_of_tree(root)};
  add_calls(calls, summary.modules);
  add_unseen_macs(summary.modules);
  summary.parameters = summary.modules.front().parameters;
  summary.trainable_parameters = summary.modules.front().trainable_parameters;
  summary.input_bytes = bytes_of(inputs);
  summary.state_bytes = state_bytes(root);
  for (const TraceNode& node : calls.nodes) {
    if (node.parent < 0) summary.macs += node.macs;
    if (node.is_leaf) summary.activation_bytes += node.output_bytes;
  }
  summary.training_bytes = summary.input_bytes + summary.state_bytes + 2 * summary.activation_bytes;
  for (const at::Tensor& parameter : parameters(root)) {
    summary.training_bytes += parameter.requires_grad() ? static_cast<int64_t>(parameter.nbytes()) : 0;
  }
  return summary;
}

Summary summary(const TensorModule& model, const at::Tensor& input) {
  return summary(*model.ptr(), {input}, [&] { return std::vector<at::Tensor>{model.forward(input)}; });
}

}  // namespace torch_ext
