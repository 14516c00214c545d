#include "libtorch_ext/inspect/python_format.h"

#include <charconv>
#include <cmath>

namespace torch_ext {
namespace {

std::string shortest(double value, std::chars_format format) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr};
}

}  // namespace

std::string python_str(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const auto scientific = shortest(value, std::chars_format::scientific);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent < -4 || exponent >= 16) return scientific;
  const auto fixed = shortest(value, std::chars_format::fixed);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

std::string python_str(const std::string& value) { return value; }

std::string fill_in(std::string_view pattern, std::initializer_list<std::string> texts) {
  std::string filled;
  for (const auto& text : texts) {
    const auto gap = pattern.find("{}");
    filled.append(pattern.substr(0, gap)).append(text);
    pattern.remove_prefix(gap + 2);
  }
  return filled.append(pattern);
}

}  // namespace torch_ext
