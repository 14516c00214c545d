#include "libtorch_ext/inspect/python_format.h"

#include "libtorch_ext/formats/python_float.h"

namespace torch_ext {

std::string python_str(double value) { return formats::python_float(value); }

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
