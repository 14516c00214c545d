#include "libtorch_ext/train/report/report.h"

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/train/report/html.h"
#include "libtorch_ext/train/report/report_page.h"
#include "libtorch_ext/train/report/report_sections.h"

namespace torch_ext {
namespace {

std::string environment_section(const Report& report) {
  if (report.environment.empty()) return {};
  std::string rows;
  for (const auto& [name, value] : report.environment) {
    rows += "<tr><th>" + detail::escape_html(name) + "</th><td>" + detail::escape_html(value) + "</td></tr>\n";
  }
  return "<h2>Environment</h2>\n<div class=\"card\"><table class=\"env\"><tbody>\n" + rows + "</tbody></table></div>\n";
}

std::string config_section(const Report& report) {
  if (report.config_json.empty()) return {};
  return "<h2>Config</h2>\n<details class=\"card\"><summary>As resolved, every default written out</summary><pre>" +
         detail::escape_html(report.config_json) + "</pre></details>\n";
}

// The template once, from left to right: what is put in isn't looked at again.
std::string filled(std::string_view page, const std::string& title, const std::string& body) {
  std::string text;
  for (const auto& [mark, with] : {std::pair{std::string_view("@TITLE@"), &title}, {"@BODY@", &body}}) {
    const size_t at = page.find(mark);
    text += page.substr(0, at);
    text += *with;
    page.remove_prefix(at + mark.size());
  }
  return text += page;
}

}  // namespace

std::string to_html(const Report& report) {
  const std::string title = detail::escape_html(report.title);
  std::string body = "<h1>" + title + "</h1>\n";
  body += detail::facts_line(report);
  body += detail::tiles_section(report);
  body += detail::curves_section(report);
  body += detail::confusion_section(report);
  body += detail::classes_section(report);
  body += detail::mistakes_section(report);
  body += detail::history_section(report);
  body += environment_section(report);
  body += config_section(report);
  return filled(detail::kReportPage, title, body);
}

void write_html(const Report& report, const std::string& path) {
  try {
    formats::AtomicFile file(path);
    file.write(to_html(report));
    file.commit();
  } catch (const formats::FormatError& error) {
    throw Error(error.what());
  }
}

}  // namespace torch_ext
