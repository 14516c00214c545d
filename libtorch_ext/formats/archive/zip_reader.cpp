#include "libtorch_ext/formats/archive/zip_reader.h"

#include <algorithm>

#include "libtorch_ext/formats/archive/crc32.h"
#include "libtorch_ext/formats/archive/inflate.h"
#include "libtorch_ext/formats/archive/zip_layout.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/little_endian.h"

namespace torch_ext::formats {
namespace {

using Span = std::span<const std::byte>;

template <class T>
T field(Span bytes, size_t offset) {
  return load_little<T>(bytes.data() + offset);
}

std::string_view as_text(Span bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Where the directory lies in the file and how many records it promises.
struct Directory {
  uint64_t records = 0;
  uint64_t size = 0;
  uint64_t offset = 0;
  uint64_t end = 0;  ///< where the record stands that says so, right behind the directory
};

/// Where the zip64 end record is, as the locator before the end record at `end` says, if there is one.
std::optional<uint64_t> locate_end64(Span file, size_t end) {
  if (end < zip::kEnd64LocatorSize + zip::kEnd64Size) return std::nullopt;
  const size_t locator = end - zip::kEnd64LocatorSize;
  if (field<uint32_t>(file, locator) != zip::kEnd64Locator) return std::nullopt;
  return field<uint64_t>(file, locator + 8);
}

/// The zip64 end record, if there is one.
std::optional<size_t> find_end64(Span file, size_t end) {
  const auto at = locate_end64(file, end);
  if (!at || *at > end - zip::kEnd64Size || field<uint32_t>(file, *at) != zip::kEnd64) return std::nullopt;
  return at;
}

Directory read_end(Span file, size_t end) {
  if (const auto end64 = find_end64(file, end)) {
    return {.records = field<uint64_t>(file, *end64 + 32),
            .size = field<uint64_t>(file, *end64 + 40),
            .offset = field<uint64_t>(file, *end64 + 48),
            .end = *end64};
  }
  return {.records = field<uint16_t>(file, end + 10),
          .size = field<uint32_t>(file, end + 12),
          .offset = field<uint32_t>(file, end + 16),
          .end = end};
}

/// Whether the end record at `end` says where a directory with an entry is.
bool leads_to_directory(Span file, size_t end) {
  const Directory directory = read_end(file, end);
  if (directory.offset > directory.end || directory.size > directory.end - directory.offset) return false;
  return directory.size >= zip::kDirectoryEntrySize && field<uint32_t>(file, directory.offset) == zip::kDirectoryEntry;
}

/// End records, by their offsets.
struct Ends {
  size_t last = 0;  ///< the one that torch.load takes
  size_t good = 0;  ///< the last one that leads to a directory, or, where none does, the last one
};

/// Those that begin among the last `window` bytes, if any do.
std::optional<Ends> find_ends(Span file, size_t window) {
  if (file.size() < zip::kEndSize) return std::nullopt;
  std::optional<size_t> last;
  const size_t first = file.size() - std::min(file.size(), window);
  for (size_t at = file.size() - zip::kEndSize + 1; at-- > first;) {
    if (field<uint32_t>(file, at) != zip::kEnd) continue;
    if (!last) last = at;
    if (leads_to_directory(file, at)) return Ends{*last, at};
  }
  return last ? std::optional(Ends{*last, *last}) : std::nullopt;
}

// miniz looks for the end record in blocks from the end of the file on, each overlapping the one before by 3 bytes,
// until it has seen the place of one with the longest comment.
constexpr size_t kEndBlock = 4096;
constexpr size_t kEndStep = kEndBlock - 3;
constexpr size_t kEndWindow = kEndBlock + 16 * kEndStep;

/// Why there is no end record where it should be.
std::string missing_end(Span file) {
  constexpr size_t kFar = size_t{64} << 20;
  if (const auto ends = find_ends(file, kFar)) {
    return std::to_string(file.size() - ends->good - zip::kEndSize) +
           " bytes follow the zip archive, which ends at byte " + std::to_string(ends->good + zip::kEndSize) +
           ": too many for torch.load to find its directory; cut them off";
  }
  return "the zip directory that should end the file is missing: the file is truncated, fetch or copy it again";
}

/// Whether the archive is one of several parts, as the end record at `end` says; that of zip64 knows better.
bool is_multi_disk(Span file, size_t end) {
  if (find_end64(file, end)) return false;
  const auto disk = field<uint16_t>(file, end + 4);
  const auto directory_disk = field<uint16_t>(file, end + 6);
  const bool is_one = disk == directory_disk && disk <= 1;
  return !is_one || field<uint16_t>(file, end + 8) != field<uint16_t>(file, end + 10);
}

/// Takes the 64-bit numbers for those of `record`'s fields that are too narrow. False where they are missing.
bool read_extra64(ZipRecord& record, Span extra) {
  uint64_t* const wide[] = {&record.size, &record.packed_size, &record.header_offset};
  if (std::ranges::none_of(wide, [](const uint64_t* number) { return *number == zip::kSee64Bit; })) return true;
  while (extra.size() >= 4) {
    const auto id = field<uint16_t>(extra, 0);
    const size_t size = field<uint16_t>(extra, 2);
    if (size > extra.size() - 4) return false;
    if (id == zip::kExtra64) {
      Span numbers = extra.subspan(4, size);
      for (uint64_t* number : wide) {
        if (*number != zip::kSee64Bit) continue;
        if (numbers.size() < 8) return false;
        *number = field<uint64_t>(numbers, 0);
        numbers = numbers.subspan(8);
      }
      return true;
    }
    extra = extra.subspan(4 + size);
  }
  return false;
}

/// Compares a record's CRC-32 with the promised one. The storage that holds the check keeps the file.
struct CrcCheck {
  const MappedFile* file;
  std::string_view name;
  uint32_t expected;

  void operator()(uint32_t found) const {
    if (found == expected) return;
    throw FormatError(file->path(), "record " + std::string(name) + " is damaged: its CRC-32 is " +
                                        std::to_string(found) + ", " + std::to_string(expected) + " is expected");
  }
};

/// A deflated record's bytes, for a storage that outlives the reader.
struct Deflated {
  Span packed;
  uint64_t size;
  std::shared_ptr<const MappedFile> file;
  CrcCheck check;
  bool check_crc;

  std::vector<std::byte> load() const {
    std::vector<std::byte> bytes(size);
    if (!inflate(packed, bytes)) fail();
    if (check_crc) check(crc32(bytes));
    return bytes;
  }

  void stream(const Storage::Use& use) const {
    uint32_t crc = 0;
    const bool is_whole = inflate_pieces(packed, size, [&](Span piece) {
      if (check_crc) crc = crc32(piece, crc);
      use(piece);
    });
    if (!is_whole) fail();
    if (check_crc) check(crc);
  }

  [[noreturn]] void fail() const {
    throw FormatError(file->path(), "record " + std::string(check.name) + ": its deflated bytes are damaged, or not " +
                                        std::to_string(size) + " once unpacked");
  }
};

/// Where a record of an archive begins in `bytes`, or npos.
size_t find_header(Span bytes) { return as_text(bytes).find(std::string_view("PK\x03\x04", 4)); }

}  // namespace

ZipReader::ZipReader(const std::string& path) : path_(path), file_(MappedFile::open(path)) { read_directory(); }

void ZipReader::read_directory() {
  const Span file = file_->bytes();
  const auto ends = find_ends(file, kEndWindow);
  if (!ends) throw FormatError(path_, missing_end(file));
  const size_t end = ends->good;
  behind_ = file.size() - end;
  is_last_end_ = end == ends->last;
  if (const auto at = locate_end64(file, end); at && *at > end - zip::kEnd64Size) {
    throw FormatError(path_, "the zip64 end of the zip directory should be at byte " + std::to_string(*at) +
                                 ", which lies behind the end at " + std::to_string(end));
  }
  if (is_multi_disk(file, end)) throw FormatError(path_, "is one of several parts of a zip archive; join them first");
  const Directory directory = read_end(file, end);
  if (directory.offset > directory.end || directory.size > directory.end - directory.offset) {
    throw FormatError(path_, "the zip directory at byte " + std::to_string(directory.offset) + " with " +
                                 std::to_string(directory.size) + " bytes reaches beyond byte " +
                                 std::to_string(directory.end) + ", where its end is; the file's size is " +
                                 std::to_string(file.size()));
  }
  Span rest = file.subspan(directory.offset, directory.size);
  const size_t gap = directory.offset + directory.size;
  if (const size_t second = find_header(file.subspan(gap, ends->last - gap)); second != std::string_view::npos) {
    throw FormatError(path_, "a second zip archive begins at byte " + std::to_string(gap + second) +
                                 ": readers would take one or the other; make a file of each");
  }
  if (directory.records > rest.size() / zip::kDirectoryEntrySize) {
    throw FormatError(path_, "the zip directory promises " + std::to_string(directory.records) + " records in " +
                                 std::to_string(rest.size()) + " bytes, " + std::to_string(zip::kDirectoryEntrySize) +
                                 " are needed for each");
  }
  records_.reserve(directory.records);
  by_name_.reserve(directory.records);
  uint64_t packed = 0;
  for (uint64_t i = 0; i < directory.records; ++i) {
    const auto fail = [&](const char* problem) {
      throw FormatError(path_, "zip directory, record " + std::to_string(i) + ": " + problem);
    };
    if (rest.size() < zip::kDirectoryEntrySize || field<uint32_t>(rest, 0) != zip::kDirectoryEntry) {
      fail(i > 0 ? "its entry is damaged" : "its entry isn't where it should be; were bytes put before the archive?");
    }
    const size_t name_size = field<uint16_t>(rest, 28);
    const size_t extra_size = field<uint16_t>(rest, 30);
    const size_t entry_size = zip::kDirectoryEntrySize + name_size + extra_size + field<uint16_t>(rest, 32);
    if (entry_size > rest.size()) fail("its entry reaches beyond the directory");
    ZipRecord record{.name = as_text(rest.subspan(zip::kDirectoryEntrySize, name_size)),
                     .size = field<uint32_t>(rest, 24),
                     .packed_size = field<uint32_t>(rest, 20),
                     .header_offset = field<uint32_t>(rest, 42),
                     .crc32 = field<uint32_t>(rest, 16),
                     .method = field<uint16_t>(rest, 10)};
    if (!read_extra64(record, rest.subspan(zip::kDirectoryEntrySize + name_size, extra_size))) {
      fail("its zip64 numbers are missing");
    }
    const auto flags = field<uint16_t>(rest, 8);
    if (flags & (zip::kEncryptedFlag | zip::kStronglyEncryptedFlag | zip::kMaskedFlag)) {
      fail("it is encrypted, which can't be read");
    }
    if (field<uint16_t>(rest, 34) > 1) fail("it is in another part of the archive; join the parts first");
    if (flags & zip::kPatchFlag) fail("it is a patch to another file, which can't be read");
    // So no bytes are unpacked twice, whatever offsets say.
    if (record.packed_size > file.size() - packed) fail("it overlaps others");
    packed += record.packed_size;
    if (!by_name_.emplace(record.name, records_.size()).second) fail("its name appears twice");
    records_.push_back(record);
    rest = rest.subspan(entry_size);
  }
}

bool ZipReader::is_found_by_torch() const {
  if (!is_last_end_) return false;
  // The step that would lead before the beginning of the file fails.
  const size_t size = file_->bytes().size();
  size_t seen = std::min(kEndBlock, size);
  while (seen < behind_ && seen + kEndStep <= size) seen += kEndStep;
  return seen >= behind_;
}

const ZipRecord* ZipReader::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &records_[found->second];
}

std::span<const std::byte> ZipReader::packed_bytes(const ZipRecord& record) const {
  const Span file = file_->bytes();
  const auto fail = [&](const std::string& problem) {
    throw FormatError(path_, "record " + std::string(record.name) + ": " + problem);
  };
  if (file.size() < zip::kLocalHeaderSize || record.header_offset > file.size() - zip::kLocalHeaderSize ||
      field<uint32_t>(file, record.header_offset) != zip::kLocalHeader) {
    fail("no record begins at byte " + std::to_string(record.header_offset));
  }
  const Span header = file.subspan(record.header_offset);
  const size_t begin = zip::kLocalHeaderSize + field<uint16_t>(header, 26) + field<uint16_t>(header, 28);
  if (begin > header.size() || record.packed_size > header.size() - begin) {
    fail("its " + std::to_string(record.packed_size) + " bytes reach beyond the file's " + std::to_string(file.size()));
  }
  return header.subspan(begin, record.packed_size);
}

std::shared_ptr<Storage> ZipReader::open(const ZipRecord& record, bool check_crc) const {
  const auto fail = [&](const std::string& problem) {
    throw FormatError(path_, "record " + std::string(record.name) + ": " + problem);
  };
  const Span packed = packed_bytes(record);
  if (record.method == zip::kStored) {
    if (record.size != record.packed_size) {
      fail("it is stored, but takes " + std::to_string(record.packed_size) + " bytes for " +
           std::to_string(record.size));
    }
    if (!check_crc) return std::make_shared<Storage>(packed, file_, nullptr);
    return std::make_shared<Storage>(packed, file_, CrcCheck{file_.get(), record.name, record.crc32});
  }
  if (record.method != zip::kDeflated) {
    fail("its compression method is " + std::to_string(record.method) + ", stored (0) or deflated (8) is expected");
  }
  if (record.size / kMaxDeflateRatio > packed.size()) {
    fail(std::to_string(packed.size()) + " bytes can't unpack to " + std::to_string(record.size));
  }
  const Deflated deflated{packed, record.size, file_, {file_.get(), record.name, record.crc32}, check_crc};
  constexpr size_t kSmall = size_t{8} << 20;
  if (record.size > kSmall) {
    return Storage::in_pieces(record.size, [deflated](const Storage::Use& use) { deflated.stream(use); });
  }
  return std::make_shared<Storage>(record.size, [deflated] { return deflated.load(); });
}

std::shared_ptr<Storage> ZipReader::open_text(const ZipRecord& record, bool check_crc) const {
  // Deflate makes pickles and code several times smaller, never hundreds of times.
  constexpr uint64_t kHarmless = uint64_t{32} << 20;
  constexpr uint64_t kMaxRatio = 64;
  if (record.size > kHarmless && record.size / kMaxRatio > record.packed_size) {
    throw FormatError(path_, "record " + std::string(record.name) + " unpacks from " +
                                 std::to_string(record.packed_size) + " bytes to " + std::to_string(record.size) +
                                 ", which no pickle and no code does");
  }
  return open(record, check_crc);
}

void ZipReader::verify(const ZipRecord& record) const {
  open(record, true)->stream([](Span) {});
}

}  // namespace torch_ext::formats
