#include <cstdlib>

#include "libtorch_ext/config/document.h"

namespace torch_ext::config {
namespace {

// Replaces the references in one document.
class References {
 public:
  References(const Document& document, Json& root) : document_(document), root_(root) {}

  void resolve(Json& value, const std::string& pointer) {
    if (value.is_object()) {
      for (auto& [key, item] : value.items()) resolve(item, child_pointer(pointer, key));
    } else if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) resolve(value[i], pointer + "/" + std::to_string(i));
    } else if (value.is_string()) {
      resolve_text(value, pointer);
    }
  }

 private:
  void resolve_text(Json& value, const std::string& pointer) {
    const auto text = value.get<std::string>();
    if (text.find("${") == std::string::npos) return;
    for (const auto& open : open_) {
      if (open == pointer) throw document_.error(pointer, "found \"" + text + "\", which refers back to itself");
    }
    open_.push_back(pointer);
    std::string result;
    size_t at = 0;
    for (size_t begin = text.find("${"); begin != std::string::npos; begin = text.find("${", at)) {
      if (begin > 0 && text[begin - 1] == '$') {
        result += text.substr(at, begin - at) + "{";
        at = begin + 2;
        continue;
      }
      const size_t end = text.find('}', begin);
      if (end == std::string::npos) {
        throw document_.error(pointer, "found \"" + text + "\", expected a } after the ${; write $${ for the signs");
      }
      const Json found = value_of(text.substr(begin + 2, end - begin - 2), pointer);
      if (begin == 0 && end + 1 == text.size()) {
        value = found;
        open_.pop_back();
        return;
      }
      result += text.substr(at, begin - at) + (found.is_string() ? found.get<std::string>() : found.dump());
      at = end + 1;
    }
    value = result + text.substr(at);
    open_.pop_back();
  }

  Json value_of(const std::string& reference, const std::string& pointer) {
    constexpr std::string_view kEnvironment = "env:";
    if (reference.starts_with(kEnvironment)) {
      const std::string name = reference.substr(kEnvironment.size());
      const char* found = std::getenv(name.c_str());
      if (!found) throw document_.error(pointer, "found ${" + reference + "}, but " + name + " isn't set");
      return found;
    }
    Json* node = &root_;
    std::string target;
    for (size_t begin = 0; begin <= reference.size();) {
      const size_t end = std::min(reference.find('.', begin), reference.size());
      const std::string key = reference.substr(begin, end - begin);
      target = child_pointer(target, key);
      const bool is_index = node->is_array() && !key.empty() && key.size() < 10 &&
                            key.find_first_not_of("0123456789") == std::string::npos && std::stoul(key) < node->size();
      if (is_index) {
        node = &(*node)[std::stoul(key)];
      } else if (node->is_object() && node->contains(key)) {
        node = &(*node)[key];
      } else {
        throw document_.error(pointer, "found ${" + reference + "}, but the config says nothing at " + target +
                                           "; a reference finds what is written, not defaults");
      }
      begin = end + 1;
    }
    resolve(*node, target);
    return *node;
  }

  const Document& document_;
  Json& root_;
  std::vector<std::string> open_;  // pointers of the texts that are being resolved
};

}  // namespace

void Document::resolve_references() { References(*this, root_).resolve(root_, ""); }

}  // namespace torch_ext::config
