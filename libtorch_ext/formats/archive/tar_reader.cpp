#include "libtorch_ext/formats/archive/tar_reader.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/formats/archive/tar_header.h"
#include "libtorch_ext/formats/archive/tar_pax.h"
#include "libtorch_ext/formats/archive/tar_sparse.h"
#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

using Span = std::span<const std::byte>;

constexpr size_t kMaxName = 4096;
constexpr uint64_t kMaxHoles = uint64_t{32} << 20;

enum class Link { kNone, kHard, kSymbolic, kNoFile };

struct Entry {
  TarMember member;
  Link link = Link::kNone;
  std::string target;
};

/// With what fills up the last block.
size_t in_blocks(size_t size) { return (size + tar::kBlock - 1) / tar::kBlock * tar::kBlock; }

/// What a header's type says of the bytes behind it.
enum class Content {
  kFile,      ///< a regular file; also of types that nobody knows, as POSIX asks for
  kPax,       ///< what pax says of the next file
  kGlobal,    ///< what pax says of all files from here on
  kLongName,  ///< GNU's name of the next file
  kLongLink,  ///< GNU's name of what the next file is a link to
  kLink,
  kNone,     ///< a folder, a device, a pipe: there are none
  kSkipped,  ///< a label, a list of names, access rights
};

Content content_of(char type, std::string_view name) {
  switch (type) {
    case '\0':  // before POSIX, a folder's name told
      return name.ends_with('/') ? Content::kNone : Content::kFile;
    case 'x':
    case 'X':
      return Content::kPax;
    case 'g':
      return Content::kGlobal;
    case 'L':
      return Content::kLongName;
    case 'K':
      return Content::kLongLink;
    case '1':
    case '2':
      return Content::kLink;
    case '3':
    case '4':
    case '5':
    case '6':
      return Content::kNone;
    case 'A':
    case 'D':
    case 'E':
    case 'I':
    case 'V':
      return Content::kSkipped;
    default:
      return Content::kFile;
  }
}

class Walk {
 public:
  Walk(Span archive, const std::string& file) : archive_(archive), file_(file) {}

  std::vector<Entry> entries() {
    while (has_header()) {
      const tar::Header header(archive_.subspan(at_, tar::kBlock));
      if (!header.has_right_checksum())
        fail(at_ == 0 ? "its checksum is wrong: no tar archive" : "its checksum is wrong");
      take(header);
    }
    return std::move(entries_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw FormatError(file_, "tar header at byte " + std::to_string(at_) + ": " + problem);
  }

  bool has_header() const {
    const Span left = archive_.subspan(at_);
    if (left.size() < tar::kBlock && (at_ == 0 || !tar::is_zero(left))) {
      fail("the file ends before it, after " + std::to_string(left.size()) + " of its 512 bytes");
    }
    return left.size() >= tar::kBlock && !tar::is_zero(left.first(tar::kBlock));
  }

  /// Takes the header and what it describes.
  void take(const tar::Header& header) {
    const auto written_size = header.size();
    if (!written_size) fail("its size is no number");
    std::string name = full_name(header);
    if (name.size() > kMaxName)
      fail("its name has " + std::to_string(name.size()) + " bytes, at most 4096 are expected");
    const Content kind = content_of(header.type(), name);
    const bool describes_file = kind == Content::kFile || kind == Content::kSkipped;
    uint64_t size = *written_size;
    if (const auto known = describes_file ? pax_number("size") : std::nullopt) size = *known;
    if (kind == Content::kNone || kind == Content::kLink) size = 0;

    const size_t begin = at_ + tar::kBlock;
    Span behind = archive_.subspan(begin);
    std::optional<tar::SparseMap> map;
    if (header.type() == 'S') {
      map = tar::old_sparse_map(header.block(), behind);
      if (!map) fail("its map of a sparse file is damaged");
    }
    if (size > behind.size() || in_blocks(size) > behind.size()) {
      fail("its file of " + std::to_string(size) + " bytes reaches beyond the archive, which is cut" +
           (name.empty() ? "" : ": " + name));
    }
    const Span content = behind.first(size);
    const size_t next = archive_.size() - behind.size() + in_blocks(size);

    switch (kind) {
      case Content::kPax:
      case Content::kGlobal:
        if (!(kind == Content::kPax ? pax_ : global_).add(content)) fail("its pax records are damaged");
        break;
      case Content::kLongName:
        long_name_ = tar::c_string(content);
        break;
      case Content::kLongLink:
        long_link_ = tar::c_string(content);
        break;
      case Content::kFile:
        add_file(header, std::move(name), content, std::move(map));
        break;
      case Content::kLink:
        add_link(header, std::move(name));
        break;
      case Content::kNone:
        entries_.push_back({.member = {std::move(name), {}}, .link = Link::kNoFile});
        break;
      case Content::kSkipped:
        break;
    }
    const bool describes_next =
        kind == Content::kPax || kind == Content::kGlobal || kind == Content::kLongName || kind == Content::kLongLink;
    if (!describes_next) {
      pax_.clear();
      long_name_ = long_link_ = {};
    }
    at_ = next;
  }

  void add_file(const tar::Header& header, std::string name, Span content, std::optional<tar::SparseMap> map) {
    if (header.type() == 'M')
      fail(name + " is the rest of a file whose beginning is in another archive; join them first");
    if (header.type() == 'N') fail(name + " is a list of names as GNU tar wrote before 1989, which can't be read");
    if (tar::is_pax_sparse(pax_)) {
      map = tar::pax_sparse_map(pax_, content);
      if (!map) fail("the map of the sparse file " + name + " is damaged");
    }
    if (!map) return entries_.push_back({.member = {std::move(name), content}});
    if (map->size > content.size()) holes_ += std::min(map->size - content.size(), kMaxHoles + 1);
    if (holes_ > kMaxHoles) {
      fail("the sparse file " + name + " has " + std::to_string(map->size) + " bytes, of which " +
           std::to_string(content.size()) + " are stored: unpack the archive with tar, and pack it without --sparse");
    }
    auto unpacked = tar::unpack_sparse(*map, content);
    if (!unpacked)
      fail("the map of the sparse file " + name + " doesn't fit its " + std::to_string(content.size()) + " bytes");
    const Span bytes = *unpacked;
    entries_.push_back({.member = {std::move(name), bytes, std::move(unpacked)}});
  }

  void add_link(const tar::Header& header, std::string name) {
    const auto* pax = pax_text("linkpath");
    const std::string_view target = pax ? *pax : !long_link_.empty() ? long_link_ : header.link_name();
    entries_.push_back({.member = {std::move(name), {}},
                        .link = header.type() == '1' ? Link::kHard : Link::kSymbolic,
                        .target = std::string(target)});
  }

  std::string full_name(const tar::Header& header) const {
    if (const auto* name = pax_.find("GNU.sparse.name")) return std::string(*name);
    if (const auto* name = pax_text("path")) return std::string(*name);
    return long_name_.empty() ? header.name() : std::string(long_name_);
  }

  const std::string_view* pax_text(std::string_view key) const {
    const auto* value = pax_.find(key);
    if (!value) value = global_.find(key);
    return value && !value->empty() ? value : nullptr;
  }

  std::optional<uint64_t> pax_number(std::string_view key) const {
    const auto* value = pax_text(key);
    if (!value) return std::nullopt;
    const auto number = tar::decimal(*value);
    if (!number)
      fail("pax says \"" + std::string(*value) + "\" for its " + std::string(key) + ", a number is expected");
    return number;
  }

  Span archive_;
  const std::string& file_;
  size_t at_ = 0;
  std::vector<Entry> entries_;
  tar::Pax global_;
  tar::Pax pax_;  // what describes the next file
  std::string_view long_name_;
  std::string_view long_link_;
  uint64_t holes_ = 0;
};

std::string normal(const std::filesystem::path& path) { return path.lexically_normal().string(); }

/// Gives links the bytes of what they lead to, and takes out what isn't a file.
class Links {
 public:
  Links(std::vector<Entry>& entries, const std::string& file) : entries_(entries), file_(file) {}

  void follow() {
    const auto is_link = [](const Entry& entry) { return entry.link == Link::kHard || entry.link == Link::kSymbolic; };
    if (std::ranges::any_of(entries_, is_link)) give_bytes();
    std::erase_if(entries_, [](const Entry& entry) { return entry.link == Link::kNoFile; });
  }

 private:
  void give_bytes() {
    for (size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.link == Link::kHard) copy(find(normal(entry.target)), entry);
      const std::string name = normal(entry.member.name);
      if (entry.link == Link::kNoFile) folders_.insert(name.substr(0, name.find_last_not_of('/') + 1));
      for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
        folders_.insert(name.substr(0, slash));
      }
      by_name_[name] = i;
    }
    for (Entry& entry : entries_) {
      if (entry.link == Link::kSymbolic && !follow_symbolic(entry)) entry.link = Link::kNoFile;
    }
  }

  Entry* find(const std::string& name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &entries_[found->second];
  }

  void copy(const Entry* from, Entry& to) {
    if (!from || from->link == Link::kSymbolic || from->link == Link::kNoFile) {
      throw FormatError(
          file_, to.member.name + " is a hard link to " + to.target + ", which is no file before it in the archive");
    }
    to.member.bytes = from->member.bytes;
    to.member.unpacked = from->member.unpacked;
  }

  /// False where it leads to a folder.
  bool follow_symbolic(Entry& entry) {
    constexpr int kMaxLinks = 40;
    const Entry* at = &entry;
    for (int i = 0; i < kMaxLinks && at && at->link == Link::kSymbolic; ++i) {
      std::string target = normal(std::filesystem::path(at->member.name).parent_path() / at->target);
      if (target.ends_with('/')) target.pop_back();
      if (target == "." || folders_.contains(target)) return false;
      at = find(target);
      if (at && at->link == Link::kNoFile) return false;  // a link to a folder, seen before
    }
    if (!at || at->link == Link::kSymbolic) {
      throw FormatError(file_, entry.member.name + " is a symbolic link to " + entry.target +
                                   ", which isn't in the archive; pack it with tar's --dereference");
    }
    entry.member.bytes = at->member.bytes;
    entry.member.unpacked = at->member.unpacked;
    return true;
  }

  std::vector<Entry>& entries_;
  const std::string& file_;
  std::unordered_map<std::string, size_t> by_name_;  // the last one of each name
  std::unordered_set<std::string> folders_;
};

}  // namespace

std::vector<TarMember> tar_members(Span archive, const std::string& file) {
  auto entries = Walk(archive, file).entries();
  Links(entries, file).follow();
  std::vector<TarMember> members;
  members.reserve(entries.size());
  for (Entry& entry : entries) members.push_back(std::move(entry.member));
  return members;
}

bool begins_with_tar_header(Span bytes) {
  return bytes.size() >= tar::kBlock && !tar::is_zero(bytes.first(tar::kBlock)) &&
         tar::Header(bytes.first(tar::kBlock)).has_right_checksum();
}

}  // namespace torch_ext::formats
