#include <algorithm>
#include <deque>
#include <sstream>

#include "libtorch_ext/config/schema.h"
#include "libtorch_ext/core/closest.h"

namespace torch_ext::config {
namespace {

// --- What a schema allows, in words ---------------------------------------------------------------------------------

bool is_null(const Json& schema) { return schema.value("type", "") == "null"; }
bool is_null_or_auto(const Json& schema) { return schema.contains("enum") && schema["enum"][0].is_null(); }

std::string plural(const std::string& words) {
  for (const std::string one : {"number", "integer", "string", "a list", "an object"}) {
    if (words.starts_with(one)) return one.substr(one.find(' ') + 1) + "s" + words.substr(one.size());
  }
  return words;
}

// "1", "1 or 2", "1, 2 or 3"; with a comma before "or", too, where one of them has commas.
std::string joined(const std::vector<std::string>& words) {
  const bool commas = std::any_of(words.begin(), words.end(), [](auto& word) { return word.find(", ") != word.npos; });
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : commas ? ", or " : " or ") + words[i];
  }
  return text;
}

std::string words_of(const Json& schema);

std::string number_words(const Json& schema) {
  std::string words = schema.value("type", "anything");
  if (schema.contains("minimum")) words += ", at least " + schema["minimum"].dump();
  if (schema.contains("exclusiveMinimum")) words += ", above " + schema["exclusiveMinimum"].dump();
  if (schema.contains("maximum")) words += ", at most " + schema["maximum"].dump();
  return words;
}

std::string object_words(const Json& schema) {
  if (schema.contains("properties") && schema["properties"].contains("name")) {
    const Json& name = schema["properties"]["name"];
    if (name.contains("const")) return name["const"].dump();
  }
  if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
    return "an object of " + plural(words_of(schema["additionalProperties"]));
  }
  return "an object";
}

std::string words_of(const Json& schema) {
  if (schema.contains("const")) return schema["const"].dump();
  std::vector<std::string> words;
  for (const char* choice : {"anyOf", "oneOf"}) {
    if (!schema.contains(choice)) continue;
    for (const auto& alternative : schema[choice]) {
      const bool of_it = alternative.value("type", "") == "array" && alternative["items"] == schema[choice].back();
      if (!of_it) words.push_back(is_null_or_auto(alternative) ? "\"auto\"" : words_of(alternative));
    }
    if (schema[choice].size() > words.size()) return words_of(schema[choice].back()) + ", or a list of them";
    return joined(words);
  }
  if (schema.contains("enum")) {
    for (const auto& value : schema["enum"]) words.push_back(value.dump());
    return joined(words);
  }
  if (is_null(schema)) return "null";
  const std::string type = schema.value("type", "");
  if (type == "object") return object_words(schema);
  if (type == "array") return "a list of " + plural(words_of(schema["items"]));
  return number_words(schema);
}

std::string default_words(const Json& schema) {
  if (!schema.contains("default")) return "";
  const Json& value = schema["default"];
  const bool chooses = value.is_null() && schema.contains("anyOf") && is_null_or_auto(schema["anyOf"].back());
  const bool named = value.is_object() && value.contains("name");
  return "; default " + (chooses ? "\"auto\"" : (named ? value["name"] : value).dump());
}

// --- Where it stands ------------------------------------------------------------------------------------------------

// A key; that of several alternatives comes once for each.
struct Place {
  std::string path;  // "optimizer.lr"
  std::string of;    // the alternatives that it lies in: " (SGD)"
  const Json* schema;
};

std::string last_word(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::string line_of(const Place& place) {
  const std::string help = place.schema->value("description", "");
  return place.path + place.of + ": " + words_of(*place.schema) + default_words(*place.schema) +
         (help.empty() ? "" : " – " + help) + "\n";
}

class Explainer {
 public:
  explicit Explainer(const Json& schema) : root_{"", "", &schema} {}

  std::string explain(const std::string& key) {
    std::vector<Place> here = {root_};
    std::istringstream parts(key);
    for (std::string part; std::getline(parts, part, '.');) {
      std::vector<Place> next;
      for (const auto& place : here) step(place, part, next);
      if (next.empty()) throw unknown(key, part, here);
      here = std::move(next);
    }
    std::string text;
    for (const auto& place : here) print(place, text);
    return text;
  }

 private:
  // The objects that a place may be, each as a place of the same path: itself, its alternatives, a list's elements.
  std::vector<Place> objects_of(const Place& place) const {
    const Json& schema = *place.schema;
    if (schema.contains("properties")) return {place};
    std::vector<Place> objects;
    const auto add = [&](const Json& inner, const std::string& of) {
      const auto more = objects_of({place.path, of, &inner});
      objects.insert(objects.end(), more.begin(), more.end());
    };
    for (const char* choice : {"anyOf", "oneOf"}) {
      if (!schema.contains(choice)) continue;
      for (const auto& alternative : schema[choice]) add(alternative, place.of + name_of(alternative));
    }
    if (schema.contains("items")) add(schema["items"], place.of);
    return objects;
  }

  static std::string name_of(const Json& alternative) {
    if (!alternative.contains("properties") || !alternative["properties"].contains("name")) return "";
    const Json& name = alternative["properties"]["name"];
    return name.contains("const") ? " (" + name["const"].get<std::string>() + ")" : "";
  }

  // The keys right below; the "name" that tells alternatives apart comes once for all.
  std::vector<Place> children_of(const Place& place) {
    std::vector<Place> children;
    Json names = Json::array();
    for (const auto& object : objects_of(place)) {
      for (const auto& [key, schema] : (*object.schema)["properties"].items()) {
        const Place child{object.path + (object.path.empty() ? "" : ".") + key, object.of, &schema};
        if (schema.contains("const")) {
          if (names.empty()) children.push_back({child.path, place.of, nullptr});
          names.push_back(schema["const"]);
        } else {
          children.push_back(child);
        }
      }
    }
    for (auto& child : children) {
      if (!child.schema) child.schema = &made_.emplace_back(name_schema(place, std::move(names)));
    }
    return children;
  }

  static Json name_schema(const Place& place, Json names) {
    Json schema = {{"enum", std::move(names)}, {"description", "which of them; decides what other keys there are"}};
    const Json value = place.schema->value("default", Json());
    if (value.is_object() && value.contains("name")) schema["default"] = value["name"];
    return schema;
  }

  // Adds what `part` names below `place`: a key, an alternative, an element of a list by its index.
  void step(const Place& place, const std::string& part, std::vector<Place>& next) {
    for (const auto& child : children_of(place)) {
      if (last_word(child.path) == part) next.push_back(child);
    }
    for (const auto& object : objects_of(place)) {
      if (object.of.ends_with(" (" + part + ")") && object.of != place.of) next.push_back(object);
    }
    const bool is_index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    if (const Json* items = is_index ? items_of(*place.schema) : nullptr) {
      next.push_back({place.path + "." + part, place.of, items});
    }
  }

  static const Json* items_of(const Json& schema) {
    if (schema.contains("items")) return &schema["items"];
    if (!schema.contains("anyOf")) return nullptr;
    for (const auto& alternative : schema["anyOf"]) {
      if (alternative.contains("items")) return &alternative["items"];
    }
    return nullptr;
  }

  void print(const Place& place, std::string& text) {
    if (!place.path.empty()) text += line_of(place);
    for (const auto& child : children_of(place)) print(child, text);
  }

  void list_paths(const Place& place, std::vector<std::string>& paths) {
    for (const auto& child : children_of(place)) {
      if (std::find(paths.begin(), paths.end(), child.path) == paths.end()) paths.push_back(child.path);
      list_paths(child, paths);
    }
  }

  ConfigError unknown(const std::string& key, const std::string& part, const std::vector<Place>& here) {
    std::vector<std::string> near, known;
    for (const auto& place : here) {
      for (const auto& child : children_of(place)) near.push_back(last_word(child.path));
      for (const auto& object : objects_of(place)) {
        if (object.of != place.of) near.push_back(object.of.substr(object.of.rfind('(') + 1));
        if (object.of != place.of) near.back().pop_back();
      }
    }
    list_paths(root_, known);
    std::vector<std::string> elsewhere, last_words;
    for (const auto& path : known) {
      last_words.push_back(last_word(path));
      if (last_words.back() == part) elsewhere.push_back(path);
    }
    std::string hint = did_you_mean(part, near);
    if (elsewhere.empty() && hint.empty()) {
      const std::string word = closest(part, last_words);
      for (size_t i = 0; i < known.size(); ++i) {
        if (!word.empty() && last_words[i] == word) elsewhere.push_back(known[i]);
      }
    }
    if (!elsewhere.empty()) {
      for (auto& path : elsewhere) path = "\"" + path + "\"";
      hint = "; did you mean " + joined(elsewhere) + "?";
    }
    const std::string& path = here.front().path;
    return ConfigError("--explain " + key, "",
                       "found no key \"" + part + "\"" + (path.empty() ? "" : " in " + path) +
                           (hint.empty() ? "; --explain without a key lists all" : hint));
  }

  Place root_;
  std::deque<Json> made_;  // schemas that stand in none
};

std::string dotted(std::string key) {
  if (!key.starts_with('/')) return key;
  std::replace(key.begin(), key.end(), '/', '.');
  return key.substr(1);
}

}  // namespace

std::string explain(const Json& schema, const std::string& key) { return Explainer(schema).explain(dotted(key)); }

}  // namespace torch_ext::config
