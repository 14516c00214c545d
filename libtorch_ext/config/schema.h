#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"
#include "libtorch_ext/config/document.h"
#include "libtorch_ext/config/writer.h"

namespace torch_ext::config {

/// Turns the description of a struct (see `reader.h`) into JSON Schema, draft 2020-12: each field's type, bounds,
/// default and help. https://json-schema.org/draft/2020-12
class SchemaWriter {
 public:
  explicit SchemaWriter(Json& schema) : schema_(schema) {
    schema_["type"] = "object";
    schema_["additionalProperties"] = false;
    schema_["properties"] = Json::object();
  }

  template <class T>
  void field(const char* key, T& value, const Bound& bound = {}, const char* help = "") {
    Json described = of(value, bound);
    if (*help) described["description"] = help;
    schema_["properties"][key] = std::move(described);
  }

 private:
  static Json of(const bool& value, const Bound&) { return {{"type", "boolean"}, {"default", value}}; }
  static Json of(const int64_t& value, const Bound& bound) { return number("integer", value, bound); }
  static Json of(const double& value, const Bound& bound) { return number("number", value, bound); }
  static Json of(const std::string& value, const Bound& bound) {
    Json json = {{"type", "string"}, {"default", value}};
    if (!bound.words.empty()) json["enum"] = bound.words;
    return json;
  }

  template <class T>
  static Json of(std::optional<T>& value, const Bound& bound) {
    T inner = value.value_or(T{});
    Json json = of(inner, bound);
    json.erase("default");
    Json none = {{"type", "null"}};
    if (bound.automatic) none = {{"enum", {nullptr, "auto"}}};
    return {{"anyOf", {std::move(json), std::move(none)}}, {"default", write_any(value)}};
  }

  template <class T>
  static Json of(std::vector<T>& value, const Bound& bound) {
    T inner{};
    Json json = of(inner, bound);
    json.erase("default");
    Json list = {{"type", "array"}, {"items", json}};
    if constexpr (std::is_arithmetic_v<T>) list = {{"anyOf", {std::move(list), json}}};
    list["default"] = write_any(value);
    return list;
  }

  static Json of(StringPairs& value, const Bound&) {
    const Json text = {{"type", "string"}};
    const Json pair = {{"type", "array"}, {"items", text}, {"minItems", 2}, {"maxItems", 2}};
    return {{"anyOf", {{{"type", "object"}, {"additionalProperties", text}}, {{"type", "array"}, {"items", pair}}}},
            {"default", write_any(value)}};
  }

  template <class... Alternatives>
  static Json of(std::variant<Alternatives...>& value, const Bound&) {
    const std::string chosen = std::visit([](const auto& v) { return std::string(v.kName); }, value);
    Json list = Json::array();
    auto add = [&]<class T>(std::type_identity<T>) {
      T alternative;
      if (const T* chosen = std::get_if<T>(&value)) alternative = *chosen;
      Json described = of(alternative, {});
      Json name = {{"const", T::kName}};
      Json properties = {{"name", name}};
      properties.update(described["properties"]);
      described["properties"] = std::move(properties);
      if (T::kName != chosen) described["required"] = {"name"};
      described.erase("default");
      list.push_back(std::move(described));
    };
    (add(std::type_identity<Alternatives>{}), ...);
    return {{"oneOf", std::move(list)}, {"default", write_any(value)}};
  }

  template <class T>
  requires(std::is_class_v<T> && !std::is_same_v<T, std::string>)
  static Json of(T& value, const Bound&) {
    Json json;
    SchemaWriter inner(json);
    describe(inner, value);
    return json;
  }

  template <class T>
  static Json number(const char* type, T value, const Bound& bound) {
    Json json = {{"type", type}, {"default", value}};
    if (bound.minimum > -std::numeric_limits<double>::infinity()) {
      json[bound.open ? "exclusiveMinimum" : "minimum"] = plain(type, bound.minimum);
    }
    if (bound.maximum < std::numeric_limits<double>::infinity()) json["maximum"] = plain(type, bound.maximum);
    return json;
  }

  static Json plain(const std::string& type, double value) {
    return type == "integer" ? Json(static_cast<int64_t>(value)) : Json(value);
  }

  Json& schema_;
};

/// The schema of a described struct, `title` at its head. Files may also have "include" (see `Document`).
template <class T>
Json schema(const std::string& title) {
  Json json = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  T value;
  SchemaWriter writer(json);
  describe(writer, value);
  json["properties"]["include"] = {
      {"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}},
      {"description", "files that this one is laid over, relative to it"}};
  return json;
}

/// What a schema says of a dotted key and of all that lies below it, a line each: the key, what it may be, its default
/// and its help. "" is everything, "optimizer" a section, "optimizer.SGD" one of its alternatives, "optimizer.lr" the key
/// in each of them, "data.augment.0.p" a key of a list's elements; "/optimizer/lr" says the same as "optimizer.lr".
/// Throws `ConfigError` for a key that isn't there, with those that may be meant.
///
///     optimizer.lr (SGD): number, at least 0.0; default 0.1 – learning rate
std::string explain(const Json& schema, const std::string& key);

}  // namespace torch_ext::config
