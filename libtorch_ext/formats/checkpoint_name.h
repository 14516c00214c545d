#pragma once

#include <algorithm>
#include <string_view>

namespace torch_ext::formats {

/// Whether a file's name ends as that of a checkpoint does.
inline bool is_checkpoint_name(std::string_view name) {
  constexpr std::string_view kEnds[] = {".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".index.json"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); });
}

}  // namespace torch_ext::formats
