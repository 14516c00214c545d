#include "libtorch_ext/formats/wrappers.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>

namespace torch_ext::formats {
namespace {

constexpr std::string_view kPrivate[] = {
    "_orig_mod",                   // torch.compile
    "_fsdp_wrapped_module",        // FullyShardedDataParallel
    "_checkpoint_wrapped_module",  // its activation checkpointing
    "_fpw_module",                 // FullyShardedDataParallel before PyTorch 1.12, and fairscale's
    "_forward_module",             // Lightning Fabric
};
constexpr std::string_view kModule = "module";
constexpr std::string_view kModuleDot = "module.";
constexpr std::string_view kAveraged = "n_averaged";

// A longer name, which no checkpoint has, is left as it is.
constexpr size_t kMaxName = 2000;

// Finds in sorted names where a "module" holds all that its parent holds.
class Places {
 public:
  explicit Places(std::unordered_set<std::string>& found) : found_(found) {}

  // All of `names` share their first `begin` characters, which end in a dot, if any.
  void look(std::span<const std::string> names, size_t begin) {
    while (all_are_wrapped(names, begin)) {
      begin += kModuleDot.size();
      found_.insert(names.front().substr(0, begin));
      while (names.back().size() < begin || names.back()[begin - 1] != '.') names = names.first(names.size() - 1);
    }
    for (size_t i = 0; i < names.size();) {
      const size_t dot = names[i].find('.', begin);
      size_t end = i + 1;
      if (dot != std::string::npos) {
        const std::string_view parent = std::string_view(names[i]).substr(0, dot + 1);
        while (end < names.size() && names[end].starts_with(parent)) ++end;
        look(names.subspan(i, end - i), dot + 1);
      }
      i = end;
    }
  }

 private:
  static bool all_are_wrapped(std::span<const std::string> names, size_t begin) {
    const auto rest = [&](const std::string& name) { return std::string_view(name).substr(begin); };
    // In sorted names "n_averaged" comes after "module.".
    return rest(names.front()).starts_with(kModuleDot) && std::ranges::all_of(names, [&](const std::string& name) {
             return rest(name).starts_with(kModuleDot) || rest(name) == kAveraged;
           });
  }

  std::unordered_set<std::string>& found_;
};

}  // namespace

bool is_wrapper(std::string_view word, Wrappers which) {
  if (which == Wrappers::kNone) return false;
  if (word == kModule) return which == Wrappers::kAll;
  return word.starts_with('_') && std::ranges::find(kPrivate, word) != std::end(kPrivate);
}

std::string without_wrappers(std::string_view name, Wrappers which) {
  std::string result;
  result.reserve(name.size());
  for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    if (!is_wrapper(name.substr(0, dot), which)) result += name.substr(0, dot + 1);
    name.remove_prefix(dot + 1);
  }
  return result += name;
}

std::unordered_set<std::string> wrapped_paths(std::vector<std::string> names) {
  std::unordered_set<std::string> paths;
  std::erase_if(names, [](const std::string& name) { return name.size() > kMaxName; });
  std::ranges::sort(names);
  if (!names.empty()) Places(paths).look(names, 0);
  return paths;
}

std::string without_paths(std::string_view name, const std::unordered_set<std::string>& paths) {
  if (name.size() > kMaxName || paths.empty()) return std::string(name);
  std::string result;
  size_t done = 0;
  for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
    const std::string_view word = name.substr(done, dot + 1 - done);
    const bool is_wrapped = word == kModuleDot && paths.contains(std::string(name.substr(0, dot + 1)));
    if (!is_wrapped) result += word;
    done = dot + 1;
  }
  return result += name.substr(done);
}

}  // namespace torch_ext::formats
