#include "metadata.h"

#include "libtorch_ext/formats/flat_state.h"
#include "libtorch_ext/formats/repr.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

constexpr size_t kMaxText = 64 * 1024;

std::string text_of(const Value& value) {
  const auto* text = value.as<std::string>();
  return text ? *text : repr(value, kMaxText);
}

}  // namespace

std::vector<NamedValue> metadata_values(const Value& root) {
  std::vector<NamedValue> values;
  if (const Dict* metadata = metadata_of(root)) {
    for (const auto& [key, value] : metadata->items) values.push_back({"__metadata__." + text_of(key), value});
  }
  return values;
}

nlohmann::ordered_json metadata_json(const Value& root) {
  auto document = nlohmann::ordered_json::object();
  if (const Dict* metadata = metadata_of(root)) {
    for (const auto& [key, value] : metadata->items) document[text_of(key)] = text_of(value);
  }
  return document;
}

}  // namespace ckpt
