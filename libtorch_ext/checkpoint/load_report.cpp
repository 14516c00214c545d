#include "libtorch_ext/checkpoint/load_report.h"

#include <utility>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/core/few_of.h"

namespace torch_ext {
namespace {

// Names by what is to be said of them, in the order in which that came up first.
class Reasons {
 public:
  void add(const std::string& reason, const std::string& name) {
    for (auto& [known, names] : groups_) {
      if (known == reason) return names.push_back(name);
    }
    groups_.push_back({reason, {name}});
  }
  void add(const std::string& reason, const std::vector<std::string>& names) {
    for (const auto& name : names) add(reason, name);
  }

  const std::vector<std::pair<std::string, std::vector<std::string>>>& groups() const { return groups_; }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> groups_;
};

std::string not_loaded(const LoadReport& report) {
  Reasons reasons;
  for (const auto& entry : report.mismatched) {
    reasons.add(entry.found.starts_with('[') ? "other shape" : "found " + entry.found, entry.name);
  }
  reasons.add("missing", report.missing);
  reasons.add("newer than the file", report.newer);
  reasons.add("left out", report.left_out);
  std::string text;
  for (const auto& [reason, names] : reasons.groups()) {
    text += (text.empty() ? "; not: " : ", ") + few_of(names) + " (" + reason + ")";
  }
  return text;
}

std::string conversions(const LoadReport& report) {
  Reasons dtypes;
  for (const auto& entry : report.converted) dtypes.add(entry.found, entry.name);
  std::string text;
  for (const auto& [dtype, names] : dtypes.groups()) {
    text += (text.empty() ? "; converted: " : ", ") + std::to_string(names.size()) + " from " + dtype;
  }
  return text;
}

}  // namespace

std::string to_text(const LoadReport& report) {
  std::string text = std::to_string(report.loaded.size()) + " of " + std::to_string(report.total()) + " tensors";
  if (!report.file.empty()) text += " from " + report.file;
  if (!report.key.empty()) text += ", under \"" + report.key + "\"";
  if (!report.beside.empty()) text += ", not the ones under " + quoted_list(report.beside);
  if (!report.prefix.empty()) text += "; " + report.prefix;
  if (report.renamed) text += "; renamed: " + std::to_string(*report.renamed);
  text += conversions(report) + not_loaded(report);
  if (!report.unexpected.empty()) text += "; unused: " + few_of(report.unexpected);
  return text;
}

}  // namespace torch_ext
