#include "libtorch_ext/core/byte_size.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace torch_ext {
namespace {

std::string upper_without_spaces(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ') result += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return result;
}

// Bytes of a unit in capitals: "", "B", "K", "KB", "KI", "KIB", ….
std::optional<double> bytes_of(std::string_view unit) {
  if (unit.ends_with('B')) unit.remove_suffix(1);
  if (unit.empty()) return 1;
  const size_t power = std::string_view("KMGT").find(unit[0]);
  unit.remove_prefix(1);
  if (power == std::string_view::npos || (!unit.empty() && unit != "I")) return std::nullopt;
  return std::pow(unit.empty() ? 1000.0 : 1024.0, static_cast<double>(power + 1));
}

}  // namespace

std::optional<int64_t> parse_byte_size(std::string_view text) {
  const std::string word = upper_without_spaces(text);
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const auto unit = bytes_of({end, word.data() + word.size()});
  if (error != std::errc() || !unit) return std::nullopt;
  const double bytes = number * *unit;
  constexpr double kTooMany = 9.2e18;
  if (!(bytes >= 0 && bytes < kTooMany)) return std::nullopt;
  return static_cast<int64_t>(bytes);
}

}  // namespace torch_ext
