#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace torch_ext::formats {

/// What a file of torch.save before PyTorch 1.6 begins with: a pickle, here of protocol 2, of the number
/// 0x1950a86a20f9469cfc6c.
inline constexpr std::string_view kLegacyMagic{"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15};

/// Whether `bytes` begin with that number, pickled in any protocol.
bool begins_with_legacy_magic(std::span<const std::byte> bytes);

}  // namespace torch_ext::formats
