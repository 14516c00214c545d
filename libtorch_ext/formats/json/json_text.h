#pragma once

#include <string>
#include <string_view>

namespace torch_ext::formats {

/// Appends `text` as a JSON string, as serde_json and Python's json (with `ensure_ascii=False`) write it.
/// Throws `std::invalid_argument` where it is no UTF-8, which JSON can't hold.
void append_json(std::string& out, std::string_view text);

}  // namespace torch_ext::formats
