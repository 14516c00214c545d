#include "libtorch_ext/formats/pytorch/legacy_magic.h"

#include <algorithm>

namespace torch_ext::formats {
namespace {

using namespace std::string_view_literals;

constexpr auto kNumber = "\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr auto kText = "L119547037146038801333356L\n."sv;  // protocols 0 and 1
constexpr auto kFrame = "\x95\x0d\0\0\0\0\0\0\0"sv;        // protocols 4 and 5

}  // namespace

bool begins_with_legacy_magic(std::span<const std::byte> bytes) {
  std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 64));
  if (head.starts_with(kText)) return true;
  if (head.size() < 2 || head[0] != '\x80' || head[1] < 2 || head[1] > 5) return false;
  head.remove_prefix(2);
  if (head.starts_with(kFrame)) head.remove_prefix(kFrame.size());
  return head.starts_with(kNumber);
}

}  // namespace torch_ext::formats
