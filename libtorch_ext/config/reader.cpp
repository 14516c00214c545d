#include "libtorch_ext/config/reader.h"

#include <algorithm>

#include "libtorch_ext/core/closest.h"

namespace torch_ext::config {
namespace {

std::string describe_found(const Json& json) {
  constexpr size_t kShown = 60;
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "…";
  if (json.is_null()) return "null";
  if (json.is_object()) return "the object " + text;
  if (json.is_array()) return "the list " + text;
  if (json.is_string()) return "the string " + text;
  return text;
}

}  // namespace

Reader::Reader(const Document& document, const Json& object, std::string pointer)
    : document_(document), object_(object), pointer_(std::move(pointer)) {
  expect(object_.is_object(), object_, pointer_, "an object");
}

void Reader::finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    throw document_.error(child_pointer(pointer_, key),
                          "unknown key" + did_you_mean(key, known_) + " (known here: " + quoted_list(known_) + ")");
  }
}

void Reader::expect(bool holds, const Json& json, const std::string& pointer, const std::string& expected) const {
  if (!holds) throw document_.error(pointer, "found " + describe_found(json) + ", expected " + expected);
}

void Reader::read(const Json& json, const std::string& pointer, bool& value, const Bound&) const {
  expect(json.is_boolean(), json, pointer, "true or false");
  value = json.get<bool>();
}

void Reader::read(const Json& json, const std::string& pointer, int64_t& value, const Bound& bound) const {
  const bool fits = json.is_number_integer() &&
                    !(json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX));
  expect(fits && bound.allows(static_cast<double>(json.get<int64_t>())), json, pointer, "an integer" + to_words(bound));
  value = json.get<int64_t>();
}

void Reader::read(const Json& json, const std::string& pointer, double& value, const Bound& bound) const {
  expect(json.is_number() && bound.allows(json.get<double>()), json, pointer, "a number" + to_words(bound));
  value = json.get<double>();
}

void Reader::read(const Json& json, const std::string& pointer, std::string& value, const Bound& bound) const {
  expect(json.is_string(), json, pointer, "a string");
  value = json.get<std::string>();
  if (bound.words.empty() || std::find(bound.words.begin(), bound.words.end(), value) != bound.words.end()) return;
  expect(false, json, pointer, "one of " + quoted_list(bound.words) + did_you_mean(value, bound.words));
}

void Reader::read(const Json& json, const std::string& pointer, StringPairs& value, const Bound& bound) const {
  value.clear();
  expect(json.is_object() || json.is_array(), json, pointer, "an object of strings, or a list of lists of two strings");
  for (const auto& [key, item] : json.items()) {
    const std::string at = child_pointer(pointer, key);
    auto& [first, second] = value.emplace_back(key, "");
    if (json.is_array()) {
      expect(item.is_array() && item.size() == 2, item, at, "a list of two strings");
      read(item[0], at + "/0", first, bound);
      read(item[1], at + "/1", second, bound);
    } else {
      read(item, at, second, bound);
    }
  }
}

std::string Reader::name_of(const Json& json, const std::string& pointer, const std::string& current,
                            const std::vector<std::string>& names) const {
  expect(json.is_object(), json, pointer, "an object");
  std::string name = current;
  if (const auto found = json.find("name"); found != json.end()) {
    read(*found, pointer + "/name", name, one_of(names));
  }
  return name;
}

}  // namespace torch_ext::config
