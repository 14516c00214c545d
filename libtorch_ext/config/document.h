#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <string_view>

#include "libtorch_ext/config/error.h"

namespace torch_ext::config {

/// `pointer` extended by an object's key, escaped as RFC 6901 asks.
std::string child_pointer(const std::string& pointer, const std::string& key);

/// A JSON value that keeps its keys in the order of the file.
using Json = nlohmann::ordered_json;

/// A JSON document that knows where each of its values came from.
class Document {
 public:
  /// Reads a JSON file; `//` and `/* */` comments are allowed, a key given twice is refused.
  /// Throws `ConfigError` with line and column for what isn't JSON.
  static Document read(const std::string& path);
  /// The same for text; `file` is the name that errors say.
  static Document parse(std::string_view text, std::string file);

  /// Puts a value at a dotted path, as `--set` on a command line: "optimizer.lr=0.05". What stands right of the
  /// first `=` is JSON, or else a string; objects on the way are made, list elements are named by index.
  void set(const std::string& assignment);

  const Json& root() const { return root_; }

  /// The error for the value at `pointer`: names the file, or the assignment that put the value there.
  ConfigError error(const std::string& pointer, const std::string& problem) const;

 private:
  Json root_;
  std::string file_;
  std::map<std::string, std::string> assignments_;  // by pointer
};

}  // namespace torch_ext::config
