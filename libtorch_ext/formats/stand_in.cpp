#include "libtorch_ext/formats/stand_in.h"

#include <algorithm>

namespace torch_ext::formats {
namespace {

bool begins_with(std::string_view text, std::string_view small_letters) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return text.size() >= small_letters.size() &&
         std::ranges::equal(text.substr(0, small_letters.size()), small_letters, same);
}

}  // namespace

std::string stand_in(std::string_view head) {
  if (head.starts_with("version https://git-lfs") || head.starts_with("version https://hawser")) {
    return "is a pointer of Git LFS, not the file itself; run: git lfs pull";
  }
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n\xef\xbb\xbf"), head.size()));
  for (const std::string_view page : {"<!doctype html", "<html", "<head", "<?xml"}) {
    if (begins_with(head, page)) {
      return "is a web page, not the file itself; fetch it again and look at what the server says";
    }
  }
  return "";
}

}  // namespace torch_ext::formats
