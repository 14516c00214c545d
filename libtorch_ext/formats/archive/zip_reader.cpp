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

/// The offset of the end record, which is the last thing in the file but a comment of at most 65535 bytes.
std::optional<size_t> find_end(Span file) {
  if (file.size() < zip::kEndSize) return std::nullopt;
  const size_t last = file.size() - zip::kEndSize;
  const size_t first = last - std::min<size_t>(last, 0xffff);
  for (size_t at = last + 1; at-- > first;) {
    if (field<uint32_t>(file, at) == zip::kEnd && field<uint16_t>(file, at + 20) == last - at) return at;
  }
  return std::nullopt;
}

/// The zip64 end record, which the locator before the end record at `end` points to, if there is one.
std::optional<size_t> find_end64(Span file, size_t end) {
  if (end < zip::kEnd64LocatorSize + zip::kEnd64Size) return std::nullopt;
  const size_t locator = end - zip::kEnd64LocatorSize;
  if (field<uint32_t>(file, locator) != zip::kEnd64Locator) return std::nullopt;
  const auto at = field<uint64_t>(file, locator + 8);
  if (at > locator - zip::kEnd64Size || field<uint32_t>(file, at) != zip::kEnd64) return std::nullopt;
  // It says its own size, but for the first 12 bytes, and ends where the locator begins.
  if (field<uint64_t>(file, at + 4) != locator - at - 12) return std::nullopt;
  return at;
}

std::optional<Directory> find_directory(Span file) {
  const auto end = find_end(file);
  if (!end) return std::nullopt;
  if (const auto end64 = find_end64(file, *end)) {
    return Directory{.records = field<uint64_t>(file, *end64 + 32),
                     .size = field<uint64_t>(file, *end64 + 40),
                     .offset = field<uint64_t>(file, *end64 + 48),
                     .end = *end64};
  }
  return Directory{.records = field<uint16_t>(file, *end + 10),
                   .size = field<uint32_t>(file, *end + 12),
                   .offset = field<uint32_t>(file, *end + 16),
                   .end = *end};
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

}  // namespace

ZipReader::ZipReader(const std::string& path) : path_(path), file_(MappedFile::open(path)) { read_directory(); }

void ZipReader::read_directory() {
  const Span file = file_->bytes();
  const auto directory = find_directory(file);
  if (!directory) {
    throw FormatError(path_, "the zip directory that should end the file is missing: the file is truncated or no zip");
  }
  if (directory->offset > file.size() || directory->size > file.size() - directory->offset) {
    throw FormatError(path_, "the zip directory at byte " + std::to_string(directory->offset) + " with " +
                                 std::to_string(directory->size) + " bytes reaches beyond the file's " +
                                 std::to_string(file.size()));
  }
  if (directory->offset + directory->size != directory->end) {
    throw FormatError(path_, "the zip directory ends at byte " + std::to_string(directory->offset + directory->size) +
                                 ", " + std::to_string(directory->end) +
                                 " is expected: something was put before, into or behind the archive");
  }
  Span rest = file.subspan(directory->offset, directory->size);
  if (directory->records > rest.size() / zip::kDirectoryEntrySize) {
    throw FormatError(path_, "the zip directory promises " + std::to_string(directory->records) + " records in " +
                                 std::to_string(rest.size()) + " bytes, " + std::to_string(zip::kDirectoryEntrySize) +
                                 " are needed for each");
  }
  records_.reserve(directory->records);
  by_name_.reserve(directory->records);
  for (uint64_t i = 0; i < directory->records; ++i) {
    const auto fail = [&](const char* problem) {
      throw FormatError(path_, "zip directory, record " + std::to_string(i) + ": " + problem);
    };
    if (rest.size() < zip::kDirectoryEntrySize || field<uint32_t>(rest, 0) != zip::kDirectoryEntry) {
      fail("its entry is damaged");
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
    if (field<uint16_t>(rest, 8) & zip::kEncryptedFlag) fail("it is encrypted, which can't be read");
    if (!by_name_.emplace(record.name, records_.size()).second) fail("its name appears twice");
    records_.push_back(record);
    rest = rest.subspan(entry_size);
  }
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
  return std::make_shared<Storage>(record.size, [packed, size = record.size, file = file_,
                                                 check = CrcCheck{file_.get(), record.name, record.crc32}, check_crc] {
    std::vector<std::byte> bytes(size);
    if (!inflate(packed, bytes)) {
      throw FormatError(file->path(), "record " + std::string(check.name) + ": its deflated bytes are damaged");
    }
    if (check_crc) check(crc32(bytes));
    return bytes;
  });
}

void ZipReader::verify(const ZipRecord& record) const {
  open(record, true)->stream([](Span) {});
}

}  // namespace torch_ext::formats
