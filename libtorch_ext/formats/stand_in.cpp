#include "libtorch_ext/formats/stand_in.h"

#include <algorithm>
#include <utility>

#include "libtorch_ext/core/small_letters.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kLooked = 4096;
constexpr size_t kMaxShown = 60;

constexpr std::pair<std::string_view, const char*> kPointers[] = {
    {"version https://git-lfs", "is a Git LFS pointer, not the file; `git lfs pull` fetches the file"},
    {"version https://hawser", "is a Git LFS pointer, not the file; `git lfs pull` fetches the file"},
    {"# xet version", "is a pointer of Git Xet, not the file; `git xet` or a download of the file fetches it"},
    {"/annex/objects/", "is a pointer of git-annex, not the file; `git annex get` fetches the file"},
};

std::string_view between(std::string_view text, std::string_view open, std::string_view close) {
  const size_t begin = text.find(open);
  const size_t end = begin == text.npos ? text.npos : text.find(close, begin + open.size());
  return end == text.npos ? "" : text.substr(begin + open.size(), end - begin - open.size());
}

std::string web_page(std::string_view head) {
  const auto title = between(head, "<title>", "</title>");
  return "is a web page" + (title.empty() ? "" : " (" + repr(title, kMaxShown) + ")") +
         ", not the file: its address leads to a page about it, or asks for a login; download the file itself";
}

}  // namespace

std::string stand_in(std::string_view head) {
  head = head.substr(0, kLooked);
  for (const auto& [begin, text] : kPointers) {
    if (head.starts_with(begin)) return text;
  }
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  if (!head.starts_with('<')) return "";
  const std::string small = small_letters(head);
  for (const std::string_view begin : {"<!doctype html", "<html", "<head", "<script"}) {
    if (small.starts_with(begin)) return web_page(head);
  }
  if (!small.starts_with("<?xml") && !small.starts_with("<error")) return "";
  if (small.find("<html") != small.npos) return web_page(head);
  const auto code = between(head, "<Code>", "</Code>");
  return code.empty() ? "is an XML document, not the file; fetch it again and look at what the server says"
                      : "is the answer of a server that couldn't give the file: " + repr(code, kMaxShown);
}

}  // namespace torch_ext::formats
