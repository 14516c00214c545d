#include "libtorch_ext/config/document.h"

#include <cerrno>
#include <cstring>
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
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    throw ConfigError(path, "", std::string("can't be read: ") + std::strerror(errno ? errno : EIO));
  }
  return parse(text.str(), path);
}

Document Document::parse(std::string_view text, std::string file) {
  Document document;
  document.file_ = std::move(file);
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
  assignments_[pointer] = origin;
}

ConfigError Document::error(const std::string& pointer, const std::string& problem) const {
  for (const auto& [at, origin] : assignments_) {
    if (is_within(pointer, at)) return ConfigError(origin, pointer, problem);
  }
  return ConfigError(file_, pointer, problem);
}

}  // namespace torch_ext::config
