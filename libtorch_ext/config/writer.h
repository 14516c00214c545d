#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"
#include "libtorch_ext/config/document.h"

namespace torch_ext::config {

/// Turns described structs (see `reader.h`) into JSON, defaults included, in the order of their description.
class Writer {
 public:
  explicit Writer(Json& object) : object_(object) { object_ = Json::object(); }

  template <class T>
  void field(const char* key, const T& value, const Bound& = {}, const char* = "") {
    write(object_[key], value);
  }

 private:
  template <class T>
  static void write(Json& json, const T& value) {
    if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
      Writer inner(json);
      describe(inner, const_cast<T&>(value));
    } else {
      json = value;
    }
  }

  template <class T>
  static void write(Json& json, const std::optional<T>& value) {
    if (value) write(json, *value);
  }

  template <class T>
  static void write(Json& json, const std::vector<T>& values) {
    json = Json::array();
    for (const auto& value : values) write(json.emplace_back(), value);
  }

  static void write(Json& json, const StringPairs& pairs) {
    json = Json::array();
    for (const auto& [first, second] : pairs) json.push_back(Json::array({first, second}));
  }

  template <class... Alternatives>
  static void write(Json& json, const std::variant<Alternatives...>& value) {
    std::visit(
        [&](const auto& chosen) {
          Json rest;
          write(rest, chosen);
          json = Json::object({{"name", chosen.kName}});
          json.update(rest);
        },
        value);
  }

  Json& object_;
};

/// The JSON of any value that a field may have.
template <class T>
Json write_any(const T& value) {
  Json object;
  Writer writer(object);
  writer.field("value", value);
  return object["value"];
}

/// The JSON of a described struct, with every key: what `read` would read back.
template <class T>
Json write(const T& value) {
  Json json;
  Writer writer(json);
  describe(writer, const_cast<T&>(value));
  return json;
}

}  // namespace torch_ext::config
