#include "libtorch_ext/inspect/graph.h"

#include <nlohmann/json.hpp>

#include <vector>

#include "libtorch_ext/inspect/graph_page.h"

namespace torch_ext {
namespace {

std::string shape_text(const std::vector<std::vector<int64_t>>& shapes) {
  std::string text;
  for (const auto& shape : shapes) {
    text += text.empty() ? "" : ", ";
    for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : "x") + std::to_string(shape[i]);
    if (shape.empty()) text += "scalar";
  }
  return text;
}

// What stands in a box or over a frame: "conv1 (Conv2d)", "add_", "ResNet".
std::string label_of(const TraceNode& node) {
  if (!node.module) return node.name.substr(node.name.rfind(':') + 1);
  return node.name.empty() ? node.class_name
                           : node.name.substr(node.name.rfind('.') + 1) + " (" + node.class_name + ')';
}

std::string quoted(const std::string& text) {
  std::string escaped = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped + '"';
}

class DotWriter {
 public:
  explicit DotWriter(const Trace& trace) : trace_(trace), inner_(trace.nodes.size()) {
    for (size_t i = 0; i < trace.nodes.size(); ++i) {
      const int64_t parent = trace.nodes[i].parent;
      (parent < 0 ? outermost_ : inner_[static_cast<size_t>(parent)]).push_back(i);
    }
  }

  std::string text() {
    text_ =
        "digraph model {\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n"
        "  graph [fontname=\"sans-serif\", style=rounded, color=gray];\n"
        "  input [shape=plaintext, fillcolor=transparent];\n  output [shape=plaintext, fillcolor=transparent];\n";
    for (const size_t index : outermost_) write(index, "  ");
    for (size_t i = 0; i < trace_.nodes.size(); ++i) {
      for (const int64_t source : trace_.nodes[i].sources) write_edge(source, 'n' + std::to_string(i));
    }
    for (const int64_t source : trace_.results) write_edge(source, "output");
    return text_ + "}\n";
  }

 private:
  void write(size_t index, const std::string& indent) {
    const TraceNode& node = trace_.nodes[index];
    const std::string label = quoted(label_of(node) + (node.is_leaf ? '\n' + shape_text(node.outputs) : ""));
    if (node.is_leaf) {
      text_ += indent + 'n' + std::to_string(index) + " [label=" + label + "];\n";
      return;
    }
    text_ += indent + "subgraph cluster_" + std::to_string(index) + " {\n" + indent + "  label=" + label + ";\n";
    for (const size_t inner : inner_[index]) write(inner, indent + "  ");
    text_ += indent + "}\n";
  }

  void write_edge(int64_t source, const std::string& target) {
    text_ += "  " + (source < 0 ? "input" : 'n' + std::to_string(source)) + " -> " + target;
    if (source >= 0)
      text_ += " [tooltip=" + quoted(shape_text(trace_.nodes[static_cast<size_t>(source)].outputs)) + ']';
    text_ += ";\n";
  }

  const Trace& trace_;
  std::vector<std::vector<size_t>> inner_;
  std::vector<size_t> outermost_;
  std::string text_;
};

std::string html_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void replace(std::string& text, const std::string& mark, const std::string& with) {
  for (size_t i = text.find(mark); i != std::string::npos; i = text.find(mark, i + with.size())) {
    text.replace(i, mark.size(), with);
  }
}

}  // namespace

Trace trace(const TensorModule& model, const at::Tensor& input) {
  const at::NoGradGuard no_grad;
  return trace(*model.ptr(), {input}, [&] { return std::vector<at::Tensor>{model.forward(input)}; });
}

std::string to_dot(const Trace& trace) { return DotWriter(trace).text(); }

std::string to_html(const Trace& trace, const std::string& title) {
  auto nodes = nlohmann::ordered_json::array();
  for (const TraceNode& node : trace.nodes) {
    nodes.push_back({{"label", label_of(node)},
                     {"path", node.name},
                     {"parent", node.parent},
                     {"leaf", node.is_leaf},
                     {"operation", node.module == nullptr},
                     {"in", shape_text(node.inputs)},
                     {"out", shape_text(node.outputs)},
                     {"macs", node.macs},
                     {"sources", node.sources}});
  }
  const nlohmann::ordered_json graph{{"nodes", std::move(nodes)}, {"results", trace.results}};
  std::string json = graph.dump();
  for (size_t i = json.find('<'); i != std::string::npos; i = json.find('<', i)) json.replace(i, 1, "\\u003c");

  std::string page = detail::kGraphPage;
  replace(page, "@TITLE@", html_text(title));
  replace(page, "@GRAPH@", json);
  return page;
}

}  // namespace torch_ext
