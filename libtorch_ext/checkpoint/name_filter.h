#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "libtorch_ext/formats/glob.h"

namespace torch_ext {

/// Whether `name` matches one of `only`, where there are any, and none of `exclude`.
inline bool is_chosen(const std::string& name, const std::vector<std::string>& only,
                      const std::vector<std::string>& exclude) {
  const auto matches = [&](const std::string& pattern) { return formats::matches_glob(pattern, name); };
  return (only.empty() || std::any_of(only.begin(), only.end(), matches)) &&
         std::none_of(exclude.begin(), exclude.end(), matches);
}

}  // namespace torch_ext
