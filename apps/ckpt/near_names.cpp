#include "near_names.h"

#include <algorithm>

#include "libtorch_ext/core/closest.h"

namespace ckpt {
namespace {

constexpr size_t kMostShown = 4;
constexpr size_t kFew = 6;

/// The same name with more before it, or with less: "fc.bias" and "state_dict.fc.bias".
bool is_end_of(const std::string& end, const std::string& name) { return name.ends_with("." + end); }

}  // namespace

std::string near_names(const std::string& wanted, const std::vector<std::string>& names) {
  if (wanted.empty()) return "";
  std::vector<std::string> near;
  for (const std::string& name : names) {
    if (near.size() < kMostShown && (is_end_of(wanted, name) || is_end_of(name, wanted))) near.push_back(name);
  }
  std::vector<std::string> others = names;
  while (near.size() < kMostShown) {
    std::erase_if(others, [&](const auto& name) { return std::ranges::find(near, name) != near.end(); });
    const std::string best = torch_ext::closest(wanted, others);
    if (best.empty()) break;
    near.push_back(best);
  }
  for (const std::string& name : others) {
    if (near.size() < kMostShown && name.find(wanted) != name.npos && std::ranges::find(near, name) == near.end()) {
      near.push_back(name);
    }
  }
  std::string text;
  if (!near.empty()) text += "; did you mean " + torch_ext::quoted_list(near) + "?";
  const bool has_names = std::ranges::none_of(names, &std::string::empty);  // a file may hold one nameless tensor
  if (has_names && !names.empty() && names.size() <= kFew) text += "; there are " + torch_ext::quoted_list(names);
  return text;
}

}  // namespace ckpt
