#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libtorch_ext/config/error.h"

namespace torch_ext::config {

/// `pointer` extended by an object's key, escaped as RFC 6901 asks.
std::string child_pointer(const std::string& pointer, const std::string& key);

/// A JSON value that keeps its keys in the order of the file.
using Json = nlohmann::ordered_json;

/// A JSON document that knows where each of its values came from.
///
/// A file may say `"include": "base.json"`, or a list of files, at its top level: it is laid over what they hold, object
/// by object. Paths are relative to the including file. An object whose "name" differs replaces the other one whole.
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

  /// Puts values into the places that refer to them: `"${model.num_classes}"` becomes the value at that dotted path,
  /// with its type; inside a longer string, its text. `${env:HOME}` is an environment variable, `$${` is `${` itself.
  /// Throws `ConfigError` for a reference to nothing, or in a circle.
  void resolve_references();

  const Json& root() const { return root_; }

  /// The error for the value at `pointer`: names the file, or the assignment that put the value there.
  ConfigError error(const std::string& pointer, const std::string& problem) const;

 private:
  void lay_over(const Json& value, const std::string& pointer, Json& into, const Document& from);
  void include_files(std::vector<std::string>& open_files);
  static Document read(const std::string& path, std::vector<std::string>& open_files);

  /// The file, or the assignment, that put the value at `pointer` there.
  const std::string& origin(const std::string& pointer) const;

  Json root_ = Json::object();
  std::string file_;
  std::map<std::string, std::string> origins_;  // by pointer, where it isn't the file
};

}  // namespace torch_ext::config
