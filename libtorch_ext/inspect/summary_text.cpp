#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include "libtorch_ext/inspect/summary.h"

namespace torch_ext {
namespace {

using Row = std::array<std::string, 5>;

constexpr Row kTitles{"Module", "Input", "Output", "Parameters", "MACs"};
constexpr size_t kFirstNumber = 3;

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string mebibytes(int64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << static_cast<double>(bytes) / (1 << 20) << " MiB";
  return text.str();
}

std::string shapes_text(const std::vector<std::vector<int64_t>>& shapes) {
  std::string text;
  for (const auto& shape : shapes) {
    text += text.empty() ? "[" : ", [";
    for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    text += ']';
  }
  return text;
}

// The characters that a terminal shows: bytes of UTF-8 but those that continue one.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// Whether another module of row `index`'s depth follows under the same parent.
bool has_sibling_after(const std::vector<ModuleSummary>& rows, size_t index, int64_t depth) {
  for (size_t i = index + 1; i < rows.size() && rows[i].depth >= depth; ++i) {
    if (rows[i].depth == depth) return true;
  }
  return false;
}

std::string branch(const std::vector<ModuleSummary>& rows, size_t index, bool ascii) {
  std::string text;
  for (int64_t depth = 1; depth <= rows[index].depth; ++depth) {
    const bool more = has_sibling_after(rows, index, depth);
    if (depth < rows[index].depth) {
      text += more ? (ascii ? "|  " : "│  ") : "   ";
    } else {
      text += more ? (ascii ? "|- " : "├─ ") : (ascii ? "`- " : "└─ ");
    }
  }
  return text;
}

std::vector<ModuleSummary> shown(const Summary& summary, int64_t max_depth) {
  std::vector<ModuleSummary> rows;
  std::ranges::copy_if(summary.modules, std::back_inserter(rows), [&](auto& row) { return row.depth <= max_depth; });
  return rows;
}

std::vector<Row> table(const Summary& summary, SummaryTextOptions options) {
  const std::vector<ModuleSummary> rows = shown(summary, options.max_depth);
  std::vector<Row> lines{kTitles};
  for (size_t i = 0; i < rows.size(); ++i) {
    const ModuleSummary& row = rows[i];
    std::string name = branch(rows, i, options.ascii);
    name += row.path.empty() ? row.class_name : last_name(row.path) + " (" + row.class_name + ')';
    if (row.calls > 1) name += " x" + std::to_string(row.calls);
    lines.push_back({name, shapes_text(row.inputs), shapes_text(row.outputs),
                     row.parameters ? grouped(row.parameters) : "", row.macs ? grouped(row.macs) : ""});
  }
  return lines;
}

}  // namespace

std::string to_text(const Summary& summary, SummaryTextOptions options) {
  const std::vector<Row> lines = table(summary, options);
  std::array<size_t, kTitles.size()> widths{};
  for (const Row& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string text;
  for (const Row& line : lines) {
    std::string shown_line;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - width_of(line[i]), ' ');
      shown_line += (i == 0 ? "" : "  ") + (i < kFirstNumber ? line[i] + space : space + line[i]);
    }
    text += shown_line.substr(0, shown_line.find_last_not_of(' ') + 1) + '\n';
  }
  text += "\nParameters: " + grouped(summary.parameters) + " (trainable: " + grouped(summary.trainable_parameters) +
          ")\nMACs: " + grouped(summary.macs) + "\nInput: " + mebibytes(summary.input_bytes) +
          "\nParameters and buffers: " + mebibytes(summary.state_bytes) +
          "\nActivations: " + mebibytes(summary.activation_bytes) +
          "\nTraining step, at least: " + mebibytes(summary.training_bytes) + '\n';
  return text;
}

nlohmann::ordered_json to_json(const Summary& summary) {
  auto modules = nlohmann::ordered_json::array();
  for (const ModuleSummary& row : summary.modules) {
    modules.push_back({{"path", row.path},
                       {"class", row.class_name},
                       {"depth", row.depth},
                       {"calls", row.calls},
                       {"inputs", row.inputs},
                       {"outputs", row.outputs},
                       {"parameters", row.parameters},
                       {"trainable_parameters", row.trainable_parameters},
                       {"macs", row.macs}});
  }
  return {{"parameters", summary.parameters},
          {"trainable_parameters", summary.trainable_parameters},
          {"macs", summary.macs},
          {"input_bytes", summary.input_bytes},
          {"state_bytes", summary.state_bytes},
          {"activation_bytes", summary.activation_bytes},
          {"training_bytes", summary.training_bytes},
          {"modules", std::move(modules)}};
}

}  // namespace torch_ext
