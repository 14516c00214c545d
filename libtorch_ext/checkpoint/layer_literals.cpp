#include "libtorch_ext/checkpoint/layer_literals.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "libtorch_ext/checkpoint/layer_attributes.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext::detail {
namespace {

using formats::Value;

bool is_number(const Value& value) {
  return value.as<int64_t>() || value.as<double>() || value.as<bool>() || value.is_none();
}

// As Python shows it; nothing for what isn't a number or a sequence of some.
std::optional<std::string> literal(const Value* value) {
  if (!value) return std::nullopt;
  const auto* items = items_of(*value);
  const bool is_literal = items ? std::ranges::all_of(*items, is_number) : is_number(*value);
  constexpr size_t kAnyLength = 1000;
  return is_literal ? std::optional(formats::repr(*value, kAnyLength)) : std::nullopt;
}

// The end of the item that begins here: a comma outside of brackets, or the text's end.
size_t item_end(std::string_view text, size_t begin) {
  int depth = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] == ',' && depth == 0) return i;
  }
  return text.size();
}

}  // namespace

std::string with_literals(const std::string& extra, const formats::PythonModule& python) {
  std::string text;
  for (size_t begin = 0; begin < extra.size();) {
    const size_t end = item_end(extra, begin);
    const std::string item = extra.substr(begin, end - begin);
    const size_t equals = item.find('=');
    const size_t name = item.find_first_not_of(' ');
    const auto value =
        equals == std::string::npos ? std::nullopt : literal(python.attribute(item.substr(name, equals - name)));
    text += value ? item.substr(0, equals + 1) + *value : item;
    if (end < extra.size()) text += ',';
    begin = end + 1;
  }
  return text;
}

}  // namespace torch_ext::detail
