#include "libtorch_ext/data/transforms/text.h"

#include <c10/util/Exception.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::transforms {

namespace {

std::string joined(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : ", ") + formats::python_float(value);
  return text;
}

}  // namespace

std::string python_number(double value) {
  if (value == std::trunc(value) && std::abs(value) < 1e15) return std::to_string(static_cast<int64_t>(value));
  return formats::python_float(value);
}

std::string python_list(const std::vector<double>& values) { return "[" + joined(values) + "]"; }

std::string python_tuple(const std::vector<double>& values) {
  return "(" + joined(values) + (values.size() == 1 ? ",)" : ")");
}

std::string number_tuple(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : ", ") + python_number(value);
  return "(" + text + (values.size() == 1 ? ",)" : ")");
}

std::string to_text(const Fill& fill) {
  return fill.single ? python_number(fill.values.front()) : number_tuple(fill.values);
}

Range both_sides(const char* subject, const char* name, const Range& range) {
  TORCH_CHECK_VALUE(!range.single || range.low >= 0, subject, ": ", name, " is ", range.low,
                    "; expected a number of at least 0, or (least, largest)");
  TORCH_CHECK_VALUE(range.low <= range.high, subject, ": ", name, " is ", python_tuple({range.low, range.high}),
                    "; expected (least, largest)");
  return range.single ? Range{-range.low, range.low} : range;
}

double round4(double value) {
  std::array<char, 400> digits{};
  std::snprintf(digits.data(), digits.size(), "%.4f", value);
  return std::strtod(digits.data(), nullptr);
}

void check_probability(const char* subject, double p) {
  TORCH_CHECK_VALUE(p >= 0 && p <= 1, subject, ": p is ", formats::python_float(p), "; expected a number in [0, 1]");
}

}  // namespace torch_ext::transforms
