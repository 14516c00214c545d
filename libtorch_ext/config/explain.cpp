#include <sstream>

#include "libtorch_ext/config/schema.h"
#include "libtorch_ext/core/closest.h"

namespace torch_ext::config {
namespace {

std::string words_of(const Json& schema) {
  std::ostringstream words;
  if (schema.contains("const")) return schema["const"].dump();
  for (const char* choice : {"anyOf", "oneOf"}) {
    if (!schema.contains(choice)) continue;
    for (const auto& alternative : schema[choice]) words << (words.tellp() > 0 ? " or " : "") << words_of(alternative);
    return words.str();
  }
  if (schema.contains("enum")) {
    const auto& values = schema["enum"];
    for (size_t i = 0; i < values.size(); ++i) words << (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") << values[i].dump();
    return words.str();
  }
  const std::string type = schema.value("type", "anything");
  if (type == "object") {
    const auto& properties = schema["properties"];
    return properties.contains("name") ? words_of(properties["name"]) : "an object";
  }
  if (type == "array") return "a list of " + words_of(schema["items"]);
  words << type;
  if (schema.contains("minimum")) words << ", at least " << schema["minimum"].dump();
  if (schema.contains("exclusiveMinimum")) words << ", above " << schema["exclusiveMinimum"].dump();
  if (schema.contains("maximum")) words << ", at most " << schema["maximum"].dump();
  return words.str();
}

struct Described {
  std::string of;  // the alternative that has it: " (SGD)"
  const Json* schema;
};

// The objects that a schema allows: itself, or its alternatives.
void objects_of(const Json& schema, const std::string& of, std::vector<Described>& found) {
  if (schema.contains("properties")) {
    const auto& properties = schema["properties"];
    const bool named = properties.contains("name") && properties["name"].contains("const");
    found.push_back({named ? of + " (" + properties["name"]["const"].get<std::string>() + ")" : of, &schema});
  }
  for (const char* choice : {"anyOf", "oneOf"}) {
    if (!schema.contains(choice)) continue;
    for (const auto& alternative : schema[choice]) objects_of(alternative, of, found);
  }
  if (schema.contains("items")) objects_of(schema["items"], of, found);
}

void print_line(std::ostream& out, const std::string& key, const Json& schema) {
  out << key << ": " << words_of(schema);
  if (schema.contains("default")) out << "; default " << schema["default"].dump();
  if (schema.contains("description")) out << "\n    " << schema["description"].get<std::string>();
  out << '\n';
}

}  // namespace

std::string explain(const Json& schema, const std::string& key) {
  std::vector<Described> here = {{"", &schema}};
  std::istringstream parts(key);
  std::string path;
  for (std::string part; std::getline(parts, part, '.');) {
    std::vector<Described> objects, next;
    for (const auto& described : here) objects_of(*described.schema, described.of, objects);
    std::vector<std::string> known;
    for (const auto& object : objects) {
      for (const auto& [name, item] : (*object.schema)["properties"].items()) {
        known.push_back(name);
        if (name == part) next.push_back({object.of, &item});
      }
    }
    if (next.empty()) {
      throw ConfigError("--explain " + key, "",
                        "found no key \"" + part + "\"" + (path.empty() ? "" : " in " + path) + did_you_mean(part, known));
    }
    path += (path.empty() ? "" : ".") + part;
    here = std::move(next);
  }
  std::ostringstream out;
  std::vector<Described> objects;
  for (const auto& described : here) {
    if (!path.empty()) print_line(out, path + described.of, *described.schema);
    objects_of(*described.schema, "", objects);
  }
  for (const auto& object : objects) {
    for (const auto& [name, item] : (*object.schema)["properties"].items()) {
      print_line(out, "  " + (path.empty() ? "" : path + ".") + name + object.of, item);
    }
  }
  return out.str();
}

}  // namespace torch_ext::config
