#include "libtorch_ext/formats/prefix.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace torch_ext::formats {
namespace {

constexpr std::string_view kModule = "module.";

size_t depth_of(std::string_view key) {
  size_t depth = 0;
  for (; key.substr(0, kModule.size()) == kModule; key.remove_prefix(kModule.size())) ++depth;
  return depth;
}

size_t shared_depth(const std::vector<std::string>& keys) {
  if (keys.empty()) return 0;
  size_t depth = depth_of(keys.front());
  for (const auto& key : keys) depth = std::min(depth, depth_of(key));
  return depth;
}

std::string times(size_t count) {
  std::string text;
  while (count-- > 0) text += kModule;
  return text;
}

}  // namespace

std::string PrefixChange::apply(const std::string& key) const {
  return times(add) + key.substr(std::min(strip, depth_of(key)) * kModule.size());
}

std::string PrefixChange::to_words() const {
  if (strip == add) return "";
  return strip > add ? "stripped \"" + times(strip - add) + "\"" : "added \"" + times(add - strip) + "\"";
}

PrefixChange prefix_change(const std::vector<std::string>& file_keys, const std::vector<std::string>& module_keys,
                           PrefixPolicy policy) {
  switch (policy) {
    case PrefixPolicy::kKeep:
      return {};
    case PrefixPolicy::kStrip:
      return {.strip = shared_depth(file_keys)};
    case PrefixPolicy::kAdd:
      return {.add = 1};
    case PrefixPolicy::kFollow:
      break;
  }
  const PrefixChange change{.strip = shared_depth(file_keys), .add = shared_depth(module_keys)};
  const std::unordered_set<std::string> wanted(module_keys.begin(), module_keys.end());
  auto fits = [&](const PrefixChange& candidate) {
    return std::count_if(file_keys.begin(), file_keys.end(),
                         [&](const auto& key) { return wanted.count(candidate.apply(key)) > 0; });
  };
  return fits(change) > fits({}) ? change : PrefixChange{};
}

}  // namespace torch_ext::formats
