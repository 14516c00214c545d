#include <algorithm>
#include <cmath>

#include "libtorch_ext/train/metrics/better_test.h"
#include "libtorch_ext/train/report/html.h"
#include "libtorch_ext/train/report/line_chart.h"
#include "libtorch_ext/train/report/report_sections.h"

namespace torch_ext::detail {
namespace {

constexpr size_t kMostPoints = 400;

using EpochField = double ReportEpoch::*;

std::vector<double> column(const Report& report, EpochField field) {
  std::vector<double> numbers;
  for (const auto& epoch : report.history) numbers.push_back(epoch.*field);
  return numbers;
}

bool has(const Report& report, EpochField field) {
  return std::any_of(report.history.begin(), report.history.end(),
                     [&](const ReportEpoch& epoch) { return !std::isnan(epoch.*field); });
}

double sum_of(const Report& report, EpochField field) {
  double sum = 0;
  for (const double number : column(report, field)) sum += std::isnan(number) ? 0 : number;
  return sum;
}

// The one with the best test; null where none is known.
const ReportEpoch* best_epoch(const Report& report) {
  const bool knows_losses = has(report, &ReportEpoch::test_loss);
  const ReportEpoch* best = nullptr;
  for (const auto& epoch : report.history) {
    const auto loss_of = [&](const ReportEpoch& tested) { return knows_losses ? tested.test_loss : 0; };
    const auto accuracy = best ? std::optional(best->test_accuracy) : std::nullopt;
    const auto loss = best ? std::optional(loss_of(*best)) : std::nullopt;
    if (is_better_test(epoch.test_accuracy, loss_of(epoch), accuracy, loss)) best = &epoch;
  }
  return best;
}

std::string tile(const std::string& name, const std::string& value) {
  return "<div class=\"card tile\"><span>" + name + "</span><b>" + value + "</b></div>\n";
}

// Means of as many steps as it takes for `kMostPoints` points, and how far the steps are apart within each.
LineChart step_chart(const std::vector<double>& losses) {
  LineChart chart{.title = "Loss by step", .x_name = "step", .lines = {{"train", {}}}};
  const size_t width = (losses.size() + kMostPoints - 1) / kMostPoints;
  for (size_t begin = 0; begin < losses.size(); begin += width) {
    const size_t end = std::min(losses.size(), begin + width);
    double sum = 0, low = losses[begin], high = losses[begin];
    for (size_t i = begin; i < end; ++i) {
      sum += losses[i];
      low = std::min(low, losses[i]);
      high = std::max(high, losses[i]);
    }
    const double mean = sum / static_cast<double>(end - begin);
    if (!std::isfinite(mean)) continue;
    chart.x.push_back(static_cast<double>(end));
    chart.lines[0].y.push_back(mean);
    chart.low.push_back(low);
    chart.high.push_back(high);
  }
  if (width == 1) chart.low.clear(), chart.high.clear();
  return chart;
}

}  // namespace

std::string facts_line(const Report& report) {
  std::string facts;
  const auto add = [&](size_t count, const char* one, const char* many) {
    if (count == 0) return;
    facts += (facts.empty() ? "" : " · ") + grouped(static_cast<int64_t>(count)) + (count == 1 ? one : many);
  };
  add(report.history.size(), " epoch", " epochs");
  add(report.step_losses.size(), " step", " steps");
  if (report.details) {
    add(report.details->scores.classes.size(), " class", " classes");
    add(static_cast<size_t>(report.details->scores.samples), " test sample", " test samples");
  }
  return facts.empty() ? facts : "<p class=\"sub\">" + facts + "</p>\n";
}

std::string tiles_section(const Report& report) {
  std::string tiles;
  if (const auto* best = best_epoch(report)) {
    tiles += tile("Best test accuracy, epoch " + std::to_string(best->epoch), percent(best->test_accuracy));
  }
  if (const auto& details = report.details) {
    if (!best_epoch(report)) tiles += tile("Test accuracy", percent(details->scores.accuracy));
    for (size_t i = 0; i < details->k.size(); ++i) {
      if (details->k[i] > 1) tiles += tile("Top-" + std::to_string(details->k[i]), percent(details->top_k[i]));
    }
    tiles += tile("Test loss", fixed(details->loss, 4));
    tiles += tile("F1, mean over classes", fixed(details->scores.macro.f1, 4));
    if (details->auroc) tiles += tile("AUROC, mean over classes", fixed(details->auroc->macro, 4));
  }
  if (has(report, &ReportEpoch::seconds)) {
    tiles += tile("Time of all epochs", duration(sum_of(report, &ReportEpoch::seconds)));
  }
  if (has(report, &ReportEpoch::samples_per_second)) {
    auto speeds = column(report, &ReportEpoch::samples_per_second);
    std::erase_if(speeds, [](double speed) { return std::isnan(speed); });
    std::nth_element(speeds.begin(), speeds.begin() + static_cast<int64_t>(speeds.size() / 2), speeds.end());
    tiles += tile("Samples a second, median", compact(speeds[speeds.size() / 2]));
  }
  return tiles.empty() ? tiles : "<div class=\"tiles\">\n" + tiles + "</div>\n";
}

std::string curves_section(const Report& report) {
  std::vector<double> epochs;
  for (const auto& epoch : report.history) epochs.push_back(static_cast<double>(epoch.epoch));
  const auto chart = [&](const char* title, const std::vector<std::pair<const char*, EpochField>>& fields,
                         bool is_share, bool from_zero) {
    LineChart result{.title = title, .x_name = "epoch", .x = epochs, .is_share = is_share, .starts_at_zero = from_zero};
    for (const auto& [name, field] : fields) {
      if (has(report, field)) result.lines.push_back({name, column(report, field)});
    }
    return to_html(result);
  };
  std::string charts;
  charts += chart("Loss", {{"test", &ReportEpoch::test_loss}, {"train", &ReportEpoch::train_loss}}, false, false);
  charts +=
      chart("Accuracy", {{"test", &ReportEpoch::test_accuracy}, {"train", &ReportEpoch::train_accuracy}}, true, false);
  if (report.step_losses.size() > 1) charts += to_html(step_chart(report.step_losses));
  charts += chart("Learning rate", {{"lr", &ReportEpoch::lr}}, false, true);
  charts += chart("Throughput", {{"samples a second", &ReportEpoch::samples_per_second}}, false, true);
  charts += chart("Waiting for data", {{"share of the time", &ReportEpoch::wait_share}}, true, true);
  return charts.empty() ? charts : "<h2>Curves</h2>\n<div class=\"charts\">\n" + charts + "</div>\n";
}

std::string history_section(const Report& report) {
  if (report.history.empty()) return {};
  struct Column {
    const char* name;
    EpochField field;
    std::string (*text)(double);
  };
  const Column all[] = {
      {"Learning rate", &ReportEpoch::lr, compact},
      {"Train loss", &ReportEpoch::train_loss, [](double x) { return fixed(x, 4); }},
      {"Train accuracy", &ReportEpoch::train_accuracy, [](double x) { return percent(x); }},
      {"Test loss", &ReportEpoch::test_loss, [](double x) { return fixed(x, 4); }},
      {"Test accuracy", &ReportEpoch::test_accuracy, [](double x) { return percent(x); }},
      {"Time", &ReportEpoch::seconds, duration},
      {"Samples/s", &ReportEpoch::samples_per_second, compact},
      {"Waiting", &ReportEpoch::wait_share, [](double x) { return percent(x, 1); }},
  };
  std::vector<Column> columns;
  std::copy_if(std::begin(all), std::end(all), std::back_inserter(columns),
               [&](const Column& column) { return has(report, column.field); });
  std::string table = "<h2>Epochs</h2>\n<div class=\"card scroll\"><table><thead><tr><th>Epoch</th>";
  for (const auto& column : columns) table += std::string("<th>") + column.name + "</th>";
  table += "</tr></thead>\n<tbody>\n";
  const auto* best = best_epoch(report);
  for (const auto& epoch : report.history) {
    table += (&epoch == best ? "<tr class=\"best\"><td>" : "<tr><td>") + std::to_string(epoch.epoch) + "</td>";
    for (const auto& column : columns) table += "<td>" + column.text(epoch.*column.field) + "</td>";
    table += "</tr>\n";
  }
  return table + "</tbody></table></div>\n";
}

}  // namespace torch_ext::detail
