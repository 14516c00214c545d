#include "libtorch_ext/config/document.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace torch_ext::config {
namespace {

bool is_within(const std::string& pointer, const std::string& ancestor) {
  return pointer.compare(0, ancestor.size(), ancestor) == 0 &&
         (pointer.size() == ancestor.size() || pointer[ancestor.size()] == '/');
}

std::string without_prefix(const nlohmann::json::exception& error) {
  const std::string text = error.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
  const size_t end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

}  // namespace

std::string child_pointer(const std::string& pointer, const std::string& key) {
  std::string result = pointer + "/";
  for (char c : key) result += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return result;
}

Document Document::read(const std::string& path) {
  std::vector<std::string> open_files;
  return read(path, open_files);
}

Document Document::read(const std::string& path, std::vector<std::string>& open_files) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  const bool is_empty = in.peek() == std::ifstream::traits_type::eof() && in.eof();
  if (!is_empty && (!in || !(text << in.rdbuf()))) {
    throw ConfigError(path, "", std::string("can't be read: ") + std::strerror(errno ? errno : EIO));
  }
  Document document = parse(text.str(), path);
  open_files.push_back(std::filesystem::weakly_canonical(path).string());
  document.include_files(open_files);
  open_files.pop_back();
  return document;
}

void Document::include_files(std::vector<std::string>& open_files) {
  if (!root_.is_object() || !root_.contains("include")) return;
  Json own = std::move(root_);
  Json names = own["include"];
  if (names.is_string()) names = Json::array({names});
  own.erase("include");
  root_ = Json::object();
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string pointer = "/include" + (names.size() > 1 ? "/" + std::to_string(i) : "");
    if (!names.is_array() || !names[i].is_string()) throw error("/include", "expected a file's name, or a list of them");
    const auto path = std::filesystem::path(file_).parent_path() / names[i].get<std::string>();
    if (std::find(open_files.begin(), open_files.end(), std::filesystem::weakly_canonical(path)) != open_files.end()) {
      throw error(pointer, "found " + names[i].dump() + ", which includes this file in turn; expected no circle");
    }
    if (!std::filesystem::is_regular_file(path)) {
      throw error(pointer, "found " + names[i].dump() + ", expected a file: " + path.string() + " is none");
    }
    const Document included = read(path.string(), open_files);
    if (!included.root_.is_object()) throw included.error("", "expected an object, to be included");
    lay_over(included.root_, "", root_, included);
  }
  Document alone;
  alone.file_ = file_;
  lay_over(own, "", root_, alone);
}

// Objects are merged; anything else takes the place of what is there, and so does an object of another "name".
void Document::lay_over(const Json& value, const std::string& pointer, Json& into, const Document& from) {
  const bool both = value.is_object() && into.is_object();
  const bool renamed = both && value.contains("name") && into.contains("name") && value["name"] != into["name"];
  if (both && !renamed) {
    for (const auto& [key, item] : value.items()) lay_over(item, child_pointer(pointer, key), into[key], from);
    return;
  }
  into = value;
  std::erase_if(origins_, [&](const auto& entry) { return is_within(entry.first, pointer); });
  origins_[pointer] = from.file_;
  for (const auto& [at, origin] : from.origins_) {
    if (is_within(at, pointer)) origins_[at] = origin;
  }
  if (const auto& above = from.origin(pointer); above != from.file_) origins_[pointer] = above;
}

Document Document::parse(std::string_view text, std::string file) {
  Document document;
  document.file_ = std::move(file);
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    throw ConfigError(document.file_, "", "the file is empty, expected a JSON object");
  }
  std::vector<std::set<std::string>> open_objects;
  auto refuse_twins = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event == Json::parse_event_t::key && !open_objects.back().insert(value.get<std::string>()).second) {
      throw ConfigError(document.file_, "", "found the key " + value.dump() + " twice in one object, expected it once");
    }
    return true;
  };
  try {
    document.root_ = Json::parse(text, refuse_twins, /*allow_exceptions=*/true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(document.file_, "", without_prefix(error));
  }
  return document;
}

void Document::set(const std::string& assignment) {
  const std::string origin = "--set " + assignment;
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(origin, "", "expected KEY=VALUE, such as optimizer.lr=0.05");
  }
  const std::string text = assignment.substr(equals + 1);
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) value = text;

  Json* node = &root_;
  std::string pointer;
  std::istringstream path(assignment.substr(0, equals));
  for (std::string key; std::getline(path, key, '.');) {
    pointer = child_pointer(pointer, key);
    if (key.empty()) throw ConfigError(origin, "", "found an empty key between dots, expected a name");
    if (node->is_array()) {
      const bool is_index = key.find_first_not_of("0123456789") == std::string::npos && key.size() < 10;
      if (!is_index || std::stoul(key) >= node->size()) {
        throw ConfigError(origin, pointer, "expected an index below " + std::to_string(node->size()));
      }
      node = &(*node)[std::stoul(key)];
      continue;
    }
    if (!node->is_object()) *node = Json::object();
    node = &(*node)[key];
  }
  *node = std::move(value);
  std::erase_if(origins_, [&](const auto& entry) { return is_within(entry.first, pointer); });
  origins_[pointer] = origin;
}

const std::string& Document::origin(const std::string& pointer) const {
  const std::string* nearest = &file_;
  for (const auto& [at, origin] : origins_) {  // sorted: what lies deeper comes later
    if (is_within(pointer, at)) nearest = &origin;
  }
  return *nearest;
}

ConfigError Document::error(const std::string& pointer, const std::string& problem) const {
  return ConfigError(origin(pointer), pointer, problem);
}

}  // namespace torch_ext::config
