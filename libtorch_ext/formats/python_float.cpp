#include "libtorch_ext/formats/python_float.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace torch_ext::formats {
namespace {

std::string shortest(double value, std::chars_format format) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr};
}

bool is_space(char c) { return c == ' ' || ('\t' <= c && c <= '\r'); }

// A number that no double is near, so that its order of magnitude tells: zero or infinity. Digits, then an exponent.
double beyond_doubles(std::string_view number) {
  const bool is_negative = number.starts_with('-');
  const size_t exponent_at = number.find_first_of("eE");
  int64_t magnitude = 0;  // of the first digit that isn't 0
  if (exponent_at != number.npos) {
    const std::string_view exponent = number.substr(exponent_at + 1);
    const bool is_plus = exponent.starts_with('+');
    const auto parsed = std::from_chars(exponent.data() + is_plus, exponent.data() + exponent.size(), magnitude);
    if (parsed.ec != std::errc()) magnitude = exponent.starts_with('-') ? INT64_MIN / 2 : INT64_MAX / 2;
  }
  const size_t point = std::min(number.find('.'), std::min(exponent_at, number.size()));
  const size_t first = number.find_first_of("123456789");
  magnitude += static_cast<int64_t>(point) - static_cast<int64_t>(first);
  const double value = magnitude > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return is_negative ? -value : value;
}

}  // namespace

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const auto scientific = shortest(value, std::chars_format::scientific);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent < -4 || exponent >= 16) return scientific;
  const auto fixed = shortest(value, std::chars_format::fixed);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

std::optional<double> parse_python_float(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  // from_chars takes C's "nan(…)", too.
  if (text.empty() || text.back() == ')') return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return beyond_doubles(text);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace torch_ext::formats
