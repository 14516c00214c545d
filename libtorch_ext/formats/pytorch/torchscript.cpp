#include "libtorch_ext/formats/pytorch/torchscript.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/formats/value_children.h"

namespace torch_ext::formats {
namespace {

/// What a class's code says of its attributes.
struct ScriptClass {
  std::unordered_set<std::string> parameters;
  std::unordered_set<std::string> buffers;
};

/// The names in a line `  __parameters__ = ["weight", "bias", ]`; nothing for any other line.
std::optional<std::unordered_set<std::string>> names_in(std::string_view line, std::string_view attribute) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (!line.starts_with(attribute)) return std::nullopt;
  std::unordered_set<std::string> names;
  for (size_t open = line.find('"'); open != line.npos; open = line.find('"', open)) {
    const size_t close = line.find('"', open + 1);
    if (close == line.npos) break;
    names.emplace(line.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return names;
}

/// The modules that a file of code declares, by name.
std::unordered_map<std::string, ScriptClass> parse_code(std::string_view code) {
  std::unordered_map<std::string, ScriptClass> classes;
  ScriptClass* current = nullptr;
  while (!code.empty()) {
    const size_t end = std::min(code.find('\n'), code.size());
    const std::string_view line = code.substr(0, end);
    code.remove_prefix(std::min(end + 1, code.size()));
    if (line.starts_with("class ")) {
      const std::string_view name = line.substr(6, std::min(line.find('('), line.size()) - 6);
      current = line.ends_with("(Module):") ? &classes[std::string(name)] : nullptr;
    } else if (current) {
      if (auto names = names_in(line, "__parameters__ = [")) current->parameters = *std::move(names);
      if (auto names = names_in(line, "__buffers__ = [")) current->buffers = *std::move(names);
    }
  }
  return classes;
}

/// The code of an archive, read as far as it is asked for.
class ScriptCode {
 public:
  ScriptCode(const ZipReader& zip, std::string prefix) : zip_(zip), prefix_(std::move(prefix)) {}

  /// The class of a module, or null where `type` is none.
  const ScriptClass* find(const Global& type) {
    if (!type.module.starts_with("__torch__")) return nullptr;
    const auto [file, is_new] = files_.try_emplace(type.module);
    if (is_new) file->second = read(type.module);
    const auto found = file->second.find(type.name);
    return found == file->second.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::string, ScriptClass> read(std::string module) const {
    std::ranges::replace(module, '.', '/');
    const ZipRecord* record = zip_.find(prefix_ + "code/" + module + ".py");
    if (!record) return {};
    const auto storage = zip_.open_text(*record);
    const auto bytes = storage->bytes();
    return parse_code({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  const ZipReader& zip_;
  std::string prefix_;
  std::unordered_map<std::string, std::unordered_map<std::string, ScriptClass>> files_;
};

class Sorter {
 public:
  Sorter(const ZipReader& zip, const std::string& prefix) : code_(zip, prefix) {}

  /// No deeper than a pickle may be nested.
  void sort(const Value& value) {
    if (!value.identity() || !seen_.insert(value.identity()).second) return;
    for_each_child(value, [this](const Value& child) { sort(child); });
    auto* object = const_cast<Object*>(value.as<Object>());
    const ScriptClass* type = object && object->state ? code_.find(object->type) : nullptr;
    if (type) object->state = sorted(object->state, *type);
  }

 private:
  std::shared_ptr<Value> sorted(const std::shared_ptr<Value>& state, const ScriptClass& type) {
    const auto* attributes = state->as<Dict>();
    if (!attributes) return state;
    // A state that several objects share is copied once.
    const auto [known, is_new] = sorted_.try_emplace(attributes, state);
    if (!is_new) return known->second;
    Dict others;
    Dict parameters{.ordered = true};
    Dict buffers{.ordered = true};
    Dict modules{.ordered = true};
    for (const auto& [key, item] : attributes->items) {
      const auto* name = key.as<std::string>();
      const auto* object = item.as<Object>();
      Dict& home = name && type.parameters.contains(*name) ? parameters
                   : name && type.buffers.contains(*name)  ? buffers
                   : object && code_.find(object->type)    ? modules
                                                           : others;
      home.items.emplace_back(key, item);
    }
    others.items.emplace_back("_parameters", std::move(parameters));
    others.items.emplace_back("_buffers", std::move(buffers));
    others.items.emplace_back("_modules", std::move(modules));
    return known->second = std::make_shared<Value>(std::move(others));
  }

  ScriptCode code_;
  std::unordered_set<const void*> seen_;
  std::unordered_map<const Dict*, std::shared_ptr<Value>> sorted_;
};

}  // namespace

void sort_module_attributes(const Value& root, const ZipReader& zip, const std::string& prefix) {
  Sorter(zip, prefix).sort(root);
}

}  // namespace torch_ext::formats
