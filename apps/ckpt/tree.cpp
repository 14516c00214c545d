#include "tree.h"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <unordered_map>
#include <vector>

#include "libtorch_ext/formats/flat_state.h"
#include "libtorch_ext/formats/pytorch/module_repr.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "metadata.h"
#include "storages.h"
#include "text.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

constexpr size_t kMaxLeaf = 100;

/// What stands under a part of a dotted name. Nodes refer to one another by their index in the tree.
struct Node {
  std::string name;
  std::vector<size_t> children;
  const Value* value = nullptr;
  uint64_t tensors = 0;
  uint64_t elements = 0;
};

class Tree {
 public:
  explicit Tree(const std::vector<NamedValue>& values) : nodes_(1) {
    for (const auto& [name, value] : values) add(name, value);
  }

  const Node& root() const { return nodes_[0]; }
  const Node& child(size_t index) const { return nodes_[index]; }

 private:
  void add(const std::string& name, const Value& value) {
    const auto* tensor = value.as<Tensor>();
    const auto count = [&](size_t node) {
      nodes_[node].tensors += tensor ? 1 : 0;
      nodes_[node].elements += tensor ? static_cast<uint64_t>(tensor->numel()) : 0;
    };
    size_t node = 0;
    count(node);
    for (size_t begin = 0; begin <= name.size();) {
      const size_t end = std::min(name.find('.', begin), name.size());
      node = child_of(node, name.substr(0, end), name.substr(begin, end - begin));
      count(node);
      begin = end + 1;
    }
    nodes_[node].value = &value;
  }

  size_t child_of(size_t parent, std::string path, std::string name) {
    const auto [known, is_new] = by_path_.try_emplace(std::move(path), nodes_.size());
    if (is_new) {
      nodes_[parent].children.push_back(nodes_.size());
      nodes_.push_back({.name = std::move(name)});
    }
    return known->second;
  }

  std::vector<Node> nodes_;
  std::unordered_map<std::string, size_t> by_path_;
};

std::string node_text(const Node& node) {
  const auto* tensor = node.value ? node.value->as<Tensor>() : nullptr;
  std::string text = node.name;
  if (tensor) return text + "  " + tensor_type(*tensor);
  if (node.value) text += " = " + repr(*node.value, kMaxLeaf);
  if (node.children.empty() || node.tensors == 0) return text;
  return text + "  (" + plural(node.tensors, "tensor") + ", " + plural(node.elements, "element") + ")";
}

void print_children(const Tree& tree, const Node& node, const std::string& margin, int depth, std::ostream& out) {
  if (depth == 0) return;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const bool is_last = i + 1 == node.children.size();
    const Node& child = tree.child(node.children[i]);
    out << margin << (is_last ? "└─ " : "├─ ") << node_text(child) << '\n';
    print_children(tree, child, margin + (is_last ? "   " : "│  "), depth - 1, out);
  }
}

nlohmann::ordered_json to_json(const Tree& tree, const Node& node, int depth) {
  nlohmann::ordered_json entry = {{"name", node.name}};
  if (const auto* tensor = node.value ? node.value->as<Tensor>() : nullptr) {
    entry["dtype"] = dtype_name(tensor->dtype);
    entry["shape"] = tensor->shape;
  } else if (node.value) {
    entry["value"] = repr(*node.value, kMaxLeaf);
  }
  if (node.children.empty()) return entry;
  entry["tensors"] = node.tensors;
  entry["elements"] = node.elements;
  if (depth == 0) return entry;
  auto& children = entry["children"] = nlohmann::ordered_json::array();
  for (size_t child : node.children) children.push_back(to_json(tree, tree.child(child), depth - 1));
  return entry;
}

/// The whole models among a dictionary's entries, as Python prints them.
void print_models(const Value& root, const std::string& path, std::ostream& out) {
  const auto* dict = root.as<Dict>();
  if (!dict) return;
  for (const auto& [key, value] : dict->items) {
    if (is_module(value)) out << '\n' << repr(key, kMaxLeaf) << ": " << module_repr(value, path) << '\n';
  }
}

}  // namespace

void tree(const TreeOptions& options, std::ostream& out) {
  const TensorFile file = read_tensor_file(options.file);
  if (is_module(file.root) && !options.json) {
    out << module_repr(file.root, options.file) << '\n';
    return;
  }
  std::vector<NamedValue> values = named_values(file.root);
  if (!options.json) std::ranges::move(metadata_values(file.root), std::back_inserter(values));
  const Tree tree(values);
  if (options.json) {
    nlohmann::ordered_json document = to_json(tree, tree.root(), options.depth);
    document["name"] = options.file;
    document["format"] = file.format;
    if (metadata_of(file.root)) document["metadata"] = metadata_json(file.root);
    return print_json(document, out);
  }
  Storages storages;
  for (const auto& [name, value] : values) {
    if (const auto* tensor = value.as<Tensor>()) storages.add(*tensor);
  }
  out << options.file << "  (" << file.format << ", " << plural(tree.root().tensors, "tensor") << ", "
      << plural(tree.root().elements, "element") << ", " << bytes_text(storages.bytes) << ")\n";
  print_children(tree, tree.root(), "", options.depth, out);
  print_models(file.root, options.file, out);
}

}  // namespace ckpt
