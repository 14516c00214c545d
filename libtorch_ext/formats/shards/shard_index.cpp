#include "libtorch_ext/formats/shards/shard_index.h"

#include <stdexcept>

#include "libtorch_ext/formats/json/json_reader.h"
#include "libtorch_ext/formats/json/json_text.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/unique_names.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxName = 80;

void check_file_name(std::string_view name) {
  const bool has_separator = name.find_first_of(std::string_view("/\\\0", 3)) != name.npos;
  if (name.empty() || name == "." || name == ".." || has_separator) {
    throw std::invalid_argument("weight_map names the file " + repr(name, kMaxName) +
                                ", the name of a file beside the index is expected");
  }
}

void append_member(std::string& text, std::string_view name, std::string_view value) {
  text += "\n    ";
  append_json(text, name);
  text += ": ";
  append_json(text, value);
}

}  // namespace

ShardIndex parse_shard_index(std::string_view text) {
  ShardIndex index;
  bool has_map = false;
  JsonReader json(text);
  json.object([&](const std::string& key) {
    if (key == "metadata" && !json.take_null()) {
      json.object([&](std::string name) {
        if (json.is_string() && name != "total_size")
          index.metadata.emplace_back(std::move(name), json.string());
        else
          json.skip();
      });
    } else if (key == "weight_map") {
      has_map = true;
      json.object([&](std::string name) {
        index.weight_map.emplace_back(std::move(name), json.string());
        check_file_name(index.weight_map.back().second);
      });
    } else if (key != "metadata") {
      json.skip();
    }
  });
  json.end();
  if (!has_map) throw std::invalid_argument("it has no weight_map, which the index of a sharded checkpoint has");
  for (const auto* part : {&index.metadata, &index.weight_map}) {
    const auto twice = find_twice(*part, &std::pair<std::string, std::string>::first);
    if (twice) throw std::invalid_argument("the name " + repr(*twice, kMaxName) + " comes twice");
  }
  return index;
}

std::string shard_index_text(const ShardIndex& index, uint64_t total_size) {
  std::string text = "{\n  \"metadata\": {";
  for (const auto& [name, value] : index.metadata) {
    if (name == "total_size") throw std::invalid_argument("a value can't be named total_size in an index; rename it");
    append_member(text, name, value);
    text += ',';
  }
  text += "\n    \"total_size\": " + std::to_string(total_size) + "\n  },\n  \"weight_map\": {";
  for (const auto& [name, file] : index.weight_map) {
    if (text.back() != '{') text += ',';
    append_member(text, name, file);
  }
  return text + "\n  }\n}\n";
}

}  // namespace torch_ext::formats
