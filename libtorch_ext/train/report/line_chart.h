#pragma once

#include <string>
#include <vector>

namespace torch_ext::detail {

/// One line of a chart.
struct ChartLine {
  std::string name;
  std::vector<double> y;  ///< as many as there are `x`; NaN: a gap
};

/// Lines over one x axis.
struct LineChart {
  std::string title;
  std::string x_name;
  std::vector<double> x;  ///< ascending
  std::vector<ChartLine> lines;
  /// Where not empty, a band behind the first line: from, to.
  std::vector<double> low, high;
  bool is_share = false;        ///< y is shown in percent
  bool starts_at_zero = false;  ///< whether 0 is on the y axis in any case
};

/// A `<figure>` with the chart as SVG, drawn without a script; the script of the page adds the values under the
/// pointer. Empty where no line has a number.
std::string to_html(const LineChart& chart);

/// Round numbers that divide `low` to `high` into about `count` parts, from at or below `low` to at or above `high`.
std::vector<double> chart_ticks(double low, double high, int count);

}  // namespace torch_ext::detail
