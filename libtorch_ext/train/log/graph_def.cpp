#include "libtorch_ext/train/log/graph_def.h"

#include <algorithm>
#include <protozero/pbf_writer.hpp>
#include <set>

namespace torch_ext::detail {
namespace {

using protozero::pbf_writer;
using Shapes = std::vector<std::vector<int64_t>>;

constexpr const char* kEndOp = "IO Node";

// A slash would open a scope.
std::string without_slashes(std::string text) {
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

class Names {
 public:
  explicit Names(const Trace& trace) : trace_(trace) {
    for (size_t i = 0; i < trace.nodes.size(); ++i) names_.push_back(unique(scope_of(i) + label_of(trace.nodes[i])));
  }

  const std::string& of(size_t i) const { return names_[i]; }
  std::string source(int64_t i) const { return i < 0 ? "input" : names_[static_cast<size_t>(i)]; }

 private:
  std::string scope_of(size_t i) const {
    const int64_t parent = trace_.nodes[i].parent;
    return parent < 0 ? std::string() : names_[static_cast<size_t>(parent)] + "/";
  }

  std::string label_of(const TraceNode& node) const {
    if (!node.module) return without_slashes(node.name.substr(node.name.rfind(':') + 1));
    if (node.name.empty()) return without_slashes(node.class_name);
    std::string path = node.name;
    if (node.parent >= 0) {
      const std::string around = trace_.nodes[static_cast<size_t>(node.parent)].name + ".";
      if (path.starts_with(around)) path = path.substr(around.size());
    }
    return without_slashes(node.class_name + "[" + path + "]");
  }

  std::string unique(const std::string& name) {
    std::string candidate = name;
    for (int i = 1; !taken_.insert(candidate).second; ++i) candidate = name + "_" + std::to_string(i);
    return candidate;
  }

  const Trace& trace_;
  std::set<std::string> taken_{"input", "output"};
  std::vector<std::string> names_;
};

void add_shapes(pbf_writer& node, const Shapes& shapes) {
  pbf_writer entry(node, 5);
  entry.add_string(1, "_output_shapes");
  pbf_writer value(entry, 2);
  pbf_writer list(value, 1);
  for (const auto& sizes : shapes) {
    pbf_writer shape(list, 7);
    for (const int64_t size : sizes) {
      pbf_writer dimension(shape, 2);
      dimension.add_int64(1, size);
    }
  }
}

void add_text(pbf_writer& node, const std::string& text) {
  pbf_writer entry(node, 5);
  entry.add_string(1, "attr");
  pbf_writer value(entry, 2);
  value.add_bytes(2, text);
}

}  // namespace

std::string graph_def(const Trace& trace) {
  const Names names(trace);
  std::string bytes;
  pbf_writer graph(bytes);
  const auto add_end = [&](const std::string& name, const std::vector<int64_t>& sources, const Shapes& shapes) {
    pbf_writer node(graph, 1);
    node.add_string(1, name);
    node.add_string(2, kEndOp);
    for (const int64_t source : sources) node.add_string(3, names.source(source));
    add_shapes(node, shapes);
  };
  add_end("input", {}, trace.nodes.empty() ? Shapes() : trace.nodes.front().inputs);
  for (size_t i = 0; i < trace.nodes.size(); ++i) {
    const TraceNode& traced = trace.nodes[i];
    if (!traced.is_leaf) continue;
    pbf_writer node(graph, 1);
    node.add_string(1, names.of(i));
    node.add_string(2, traced.module ? traced.class_name : traced.name);
    for (const int64_t source : traced.sources) node.add_string(3, names.source(source));
    add_shapes(node, traced.outputs);
    if (traced.macs > 0) add_text(node, "{macs: " + std::to_string(traced.macs) + "}");
  }
  add_end("output", trace.results, trace.nodes.empty() ? Shapes() : trace.nodes.front().outputs);
  pbf_writer versions(graph, 4);
  versions.add_int32(1, 22);  // as in Python's files
  return bytes;
}

}  // namespace torch_ext::detail
