#include "libtorch_ext/train/report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "libtorch_ext/train/report/html.h"

namespace torch_ext::detail {
namespace {

constexpr double kWidth = 560, kHeight = 260, kLeft = 56, kRight = 16, kTop = 12, kBottom = 34;
constexpr size_t kMostDots = 40;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double number) {
    if (!std::isfinite(number)) return;
    low = std::min(low, number);
    high = std::max(high, number);
  }
};

std::string short_number(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", number);
  return text;
}

std::string json_numbers(const std::vector<double>& numbers) {
  std::string text = "[";
  for (const double number : numbers) {
    char digits[40];
    std::snprintf(digits, sizeof(digits), "%.6g", number);
    text += (text.size() > 1 ? "," : "") + (std::isfinite(number) ? std::string(digits) : "null");
  }
  return text + "]";
}

class ChartWriter {
 public:
  explicit ChartWriter(const LineChart& chart) : chart_(chart) {
    Range x, y;
    for (const double number : chart.x) x.add(number);
    for (const auto& line : chart.lines) {
      for (const double number : line.y) y.add(number);
    }
    for (const double number : chart.low) y.add(number);
    for (const double number : chart.high) y.add(number);
    drawable_ = x.low <= x.high && y.low <= y.high;
    if (!drawable_) return;
    if (chart.starts_at_zero) y.add(0);
    x_low_ = x.low;
    x_high_ = x.high > x.low ? x.high : x.low + 1;
    if (x.high == x.low) x_low_ -= 1;
    y_ticks_ = chart_ticks(y.low, y.high, 5);
    y_low_ = y_ticks_.front();
    y_high_ = y_ticks_.back();
  }

  std::string html() {
    if (!drawable_) return {};
    text_ = "<figure class=\"chart\"" + data() + ">\n<figcaption><b>" + escape_html(chart_.title) + "</b>";
    for (size_t i = 0; i < chart_.lines.size(); ++i) {
      text_ += "<span class=\"key k" + std::to_string(i) + "\">" + escape_html(chart_.lines[i].name) + "</span>";
    }
    text_ += "</figcaption>\n<svg viewBox=\"0 0 " + std::to_string(static_cast<int>(kWidth)) + " " +
             std::to_string(static_cast<int>(kHeight)) + "\" role=\"img\" aria-label=\"" + escape_html(chart_.title) +
             "\">\n";
    axes();
    band();
    for (size_t i = chart_.lines.size(); i-- > 0;) line(i);
    text_ += "<line class=\"cross\" y1=\"" + short_number(kTop) + "\" y2=\"" + short_number(kHeight - kBottom) +
             "\"></line>\n</svg><div class=\"tip\"></div>\n</figure>\n";
    return std::move(text_);
  }

 private:
  double px(double x) const { return kLeft + (x - x_low_) / (x_high_ - x_low_) * (kWidth - kLeft - kRight); }
  double py(double y) const {
    return kHeight - kBottom - (y - y_low_) / (y_high_ - y_low_) * (kHeight - kTop - kBottom);
  }
  std::string point(double x, double y) const { return short_number(px(x)) + " " + short_number(py(y)); }

  // What the page's script needs for the values under the pointer.
  std::string data() const {
    std::string lines;
    for (const auto& line : chart_.lines) lines += (lines.empty() ? "" : ",") + json_numbers(line.y);
    return " data-share=\"" + std::string(chart_.is_share ? "1" : "") + "\" data-name=\"" + escape_html(chart_.x_name) +
           "\" data-x=\"" + json_numbers(chart_.x) + "\" data-y=\"[" + lines + "]\" data-from=\"" +
           short_number(px(chart_.x.front())) + "\" data-to=\"" + short_number(px(chart_.x.back())) + "\"";
  }

  void axes() {
    const double step = y_ticks_[1] - y_ticks_[0];
    for (const double tick : y_ticks_) {
      const std::string y = short_number(py(tick));
      const double shown = std::abs(tick) < step * 1e-9 ? 0 : tick;
      text_ += "<line class=\"grid\" x1=\"" + short_number(kLeft) + "\" x2=\"" + short_number(kWidth - kRight) +
               "\" y1=\"" + y + "\" y2=\"" + y + "\"></line><text class=\"y\" x=\"" + short_number(kLeft - 8) +
               "\" y=\"" + y + "\">" + (chart_.is_share ? percent(shown, step < 0.00999 ? 1 : 0) : compact(shown)) +
               "</text>\n";
    }
    for (const double tick : chart_ticks(x_low_, x_high_, 8)) {
      if (tick < x_low_ - 1e-9 || tick > x_high_ + 1e-9 || tick != std::floor(tick)) continue;
      text_ += "<text class=\"x\" x=\"" + short_number(px(tick)) + "\" y=\"" + short_number(kHeight - kBottom + 16) +
               "\">" + compact(tick) + "</text>";
    }
    text_ += "<text class=\"x\" x=\"" + short_number((kLeft + kWidth - kRight) / 2) + "\" y=\"" +
             short_number(kHeight - 4) + "\">" + escape_html(chart_.x_name) + "</text>\n";
  }

  void band() {
    if (chart_.low.empty()) return;
    std::string path;
    for (size_t i = 0; i < chart_.x.size(); ++i) {
      path += (path.empty() ? "M" : "L") + point(chart_.x[i], chart_.high[i]);
    }
    for (size_t i = chart_.x.size(); i-- > 0;) path += "L" + point(chart_.x[i], chart_.low[i]);
    text_ += "<path class=\"band\" d=\"" + path + "Z\"></path>\n";
  }

  void line(size_t index) {
    const auto& y = chart_.lines[index].y;
    std::string path, dots;
    bool pen_down = false;
    for (size_t i = 0; i < chart_.x.size() && i < y.size(); ++i) {
      if (!std::isfinite(y[i])) {
        pen_down = false;
        continue;
      }
      path += (pen_down ? "L" : "M") + point(chart_.x[i], y[i]);
      pen_down = true;
      if (chart_.x.size() > kMostDots) continue;
      dots += "<circle cx=\"" + short_number(px(chart_.x[i])) + "\" cy=\"" + short_number(py(y[i])) +
              "\" r=\"2.5\"></circle>";
    }
    text_ += "<g class=\"line k" + std::to_string(index) + "\"><path d=\"" + path + "\"></path>" + dots + "</g>\n";
  }

  const LineChart& chart_;
  bool drawable_ = false;
  double x_low_ = 0, x_high_ = 1, y_low_ = 0, y_high_ = 1;
  std::vector<double> y_ticks_;
  std::string text_;
};

}  // namespace

std::vector<double> chart_ticks(double low, double high, int count) {
  if (!(high > low)) {
    const double half = low == 0 ? 1 : std::abs(low) / 2;
    low -= half;
    high += half;
  }
  const double rough = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1., 2., 5.}) {
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  if (ticks.size() < 2) ticks.push_back(ticks.back() + step);
  return ticks;
}

std::string to_html(const LineChart& chart) { return ChartWriter(chart).html(); }

}  // namespace torch_ext::detail
