#pragma once

#include <string>
#include <vector>

namespace ckpt {

/// The tail of an error message about a name that isn't there: all of `names` where they are few, otherwise the few
/// that may have been meant. `; did you mean "state_dict.fc.bias"?`
std::string near_names(const std::string& wanted, const std::vector<std::string>& names);

}  // namespace ckpt
