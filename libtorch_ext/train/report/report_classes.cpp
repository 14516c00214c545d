#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>

#include "libtorch_ext/train/report/html.h"
#include "libtorch_ext/train/report/report_sections.h"

namespace torch_ext::detail {
namespace {

constexpr int64_t kMostMatrixClasses = 50;
constexpr size_t kMostConfusions = 10;

constexpr size_t kLongestCaption = 28;
constexpr size_t kLongestName = 44;

// A class's name, or its number.
std::string class_text(const Report& report, int64_t index) {
  const auto i = static_cast<size_t>(index);
  const bool named = i < report.class_names.size() && !report.class_names[i].empty();
  return named ? report.class_names[i] : std::to_string(index);
}

std::string cell(double number, const std::string& text) {
  return "<td data-v=\"" + (std::isnan(number) ? "-1" : fixed(number, 6)) + "\">" + text + "</td>";
}

std::string bar_cell(double share) {
  return cell(share,
              percent(share) + "<span class=\"bar\"><i style=\"width:" + fixed(100 * share, 1) + "%\"></i></span>");
}

struct Confusion {
  int64_t target, predicted, count;
};

std::vector<Confusion> most_frequent(const at::Tensor& matrix) {
  std::vector<Confusion> all;
  const int64_t classes = matrix.size(0);
  const auto* counts = matrix.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < classes; ++i) {
    for (int64_t j = 0; j < classes; ++j) {
      if (i != j && counts[i * classes + j] > 0) all.push_back({i, j, counts[i * classes + j]});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  if (all.size() > kMostConfusions) all.resize(kMostConfusions);
  return all;
}

std::string confusions_table(const Report& report) {
  const auto& details = *report.details;
  std::string rows;
  for (const auto& one : most_frequent(details.confusion)) {
    const auto support = static_cast<double>(details.scores.support[static_cast<size_t>(one.target)]);
    rows += "<tr><td>" + class_name(report, one.target) + " → " + class_name(report, one.predicted) + "</td><td>" +
            grouped(one.count) + "</td><td>" + percent(static_cast<double>(one.count) / support, 1) + "</td></tr>\n";
  }
  if (rows.empty()) return {};
  return "<div class=\"card scroll\"><table><thead><tr><th>Most frequent confusions</th><th>Samples</th><th>Share</th>"
         "</tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string matrix_table(const Report& report) {
  const at::Tensor& matrix = report.details->confusion;
  const int64_t classes = matrix.size(0);
  const auto* counts = matrix.const_data_ptr<int64_t>();
  std::string table = "<div class=\"card matrix\"><table><thead><tr><th></th>";
  for (int64_t j = 0; j < classes; ++j) table += "<th><span>" + class_name(report, j) + "</span></th>";
  table += "</tr></thead>\n<tbody>\n";
  for (int64_t i = 0; i < classes; ++i) {
    const auto support = static_cast<double>(report.details->scores.support[static_cast<size_t>(i)]);
    table += "<tr><th>" + class_name(report, i) + "</th>";
    for (int64_t j = 0; j < classes; ++j) {
      const int64_t count = counts[i * classes + j];
      const double share = support > 0 ? static_cast<double>(count) / support : 0;
      // Few mistakes are to be seen beside many hits.
      const double depth = i == j ? 0.12 + 0.83 * share : std::min(1.0, std::sqrt(share) * 1.4);
      const std::string kind =
          std::string(i == j ? "hit" : "") + (depth > 0.55 ? " strong" : "") + (count ? "" : " none");
      table += "<td class=\"" + kind + "\" style=\"--a:" + fixed(count ? depth : 0, 2) + "\" title=\"" +
               class_name(report, i) + " taken for " + class_name(report, j) + ": " + grouped(count) + " of " +
               grouped(static_cast<int64_t>(support)) + " (" + percent(share) + ")\">" + std::to_string(count) +
               "</td>";
    }
    table += "</tr>\n";
  }
  return table + "</tbody></table></div>\n";
}

}  // namespace

std::string class_name(const Report& report, int64_t index) { return escape_html(class_text(report, index)); }

std::string confusion_section(const Report& report) {
  if (!report.details || report.details->scores.samples == 0) return {};
  const bool has_matrix = report.details->confusion.size(0) <= kMostMatrixClasses;
  return "<h2>Confusion<small>rows: the right class, columns: what it was taken for; test set, " +
         grouped(report.details->scores.samples) + " samples</small></h2>\n" +
         (has_matrix ? "<div class=\"two\">\n" + matrix_table(report) + confusions_table(report) + "</div>\n"
                     : confusions_table(report));
}

std::string classes_section(const Report& report) {
  if (!report.details || report.details->scores.samples == 0) return {};
  const auto& details = *report.details;
  const auto& scores = details.scores;
  const bool has_area = details.auroc.has_value();
  std::string table =
      "<h2>Classes</h2>\n<div class=\"card scroll\"><table class=\"sortable\"><thead><tr><th>Class</th><th>Samples</th>"
      "<th>Predicted</th><th>Precision</th><th>Recall</th><th>F1</th>";
  table += has_area ? "<th>AUROC</th></tr></thead>\n<tbody>\n" : "</tr></thead>\n<tbody>\n";
  for (size_t i = 0; i < scores.classes.size(); ++i) {
    const auto& one = scores.classes[i];
    const auto name = class_name(report, static_cast<int64_t>(i));
    table += "<tr><th data-v=\"" + name + "\">" + name + "</th>" +
             cell(static_cast<double>(scores.support[i]), grouped(scores.support[i])) +
             cell(static_cast<double>(scores.predicted[i]), grouped(scores.predicted[i])) + bar_cell(one.precision) +
             bar_cell(one.recall) + bar_cell(one.f1);
    if (has_area) table += cell(details.auroc->classes[i], fixed(details.auroc->classes[i], 4));
    table += "</tr>\n";
  }
  table += "</tbody>\n<tfoot>\n";
  const auto average = [&](const char* name, const PrecisionRecallF1& one, const std::string& area) {
    table += std::string("<tr><th>") + name + "</th><td>" + grouped(scores.samples) + "</td><td></td>";
    for (const double number : {one.precision, one.recall, one.f1}) {
      table += "<td>" + percent(number) + "<span class=\"bar\"><i style=\"width:" + fixed(100 * number, 1) +
               "%\"></i></span></td>";
    }
    table += has_area ? "<td>" + area + "</td></tr>\n" : "</tr>\n";
  };
  average("Mean over classes (macro)", scores.macro, has_area ? fixed(details.auroc->macro, 4) : "");
  average("Weighted by samples", scores.weighted, has_area ? fixed(details.auroc->weighted, 4) : "");
  average("Over all samples (micro)", scores.micro, "");
  return table + "</tfoot></table></div>\n";
}

std::string mistakes_section(const Report& report) {
  if (!report.details || report.details->mistakes.empty()) return {};
  std::string figures;
  for (const auto& mistake : report.details->mistakes) {
    const std::string right = class_text(report, mistake.target), wrong = class_text(report, mistake.predicted);
    const std::string name = mistake.name.empty() ? "sample " + std::to_string(mistake.index) : mistake.name;
    figures += "<figure class=\"card\" title=\"" +
               escape_html(name + ": " + wrong + " " + percent(mistake.confidence) + ", " + right + " " +
                           percent(mistake.right_confidence)) +
               "\">";
    if (mistake.image.defined()) {
      figures += "<img alt=\"" + escape_html(right + " taken for " + wrong) + "\" src=\"" + png_uri(mistake.image) + "\">";
    }
    figures += "<figcaption><span class=\"wrong\">" + shorten_html(wrong, kLongestCaption) + " " +
               percent(mistake.confidence, 1) + "</span><br><span class=\"right\">is " +
               shorten_html(right, kLongestCaption) + " " + percent(mistake.right_confidence, 1) +
               "</span><br><span class=\"name\">" + shorten_html(name, kLongestName) + "</span></figcaption></figure>\n";
  }
  return "<h2>Worst mistakes<small>wrong with the highest confidence</small></h2>\n<div class=\"gallery\">\n" +
         figures + "</div>\n";
}

}  // namespace torch_ext::detail
