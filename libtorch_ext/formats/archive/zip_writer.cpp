#include "libtorch_ext/formats/archive/zip_writer.h"

#include <algorithm>
#include <stdexcept>

#include "libtorch_ext/formats/archive/crc32.h"
#include "libtorch_ext/formats/archive/zip_layout.h"
#include "libtorch_ext/formats/little_endian.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kExtraHeader = 4;
constexpr uint16_t kPaddingExtra = 0x4246;  // "FB"
constexpr uint16_t kFlags = zip::kDataDescriptorFlag | zip::kUtf8Flag;

uint32_t narrow(uint64_t number) { return static_cast<uint32_t>(std::min<uint64_t>(number, zip::kSee64Bit)); }

/// The extra field that holds those of `numbers` that 32 bits can't; empty when all fit.
std::string extra64(std::initializer_list<uint64_t> numbers) {
  std::string wide;
  for (uint64_t number : numbers) {
    if (number >= zip::kSee64Bit) append_little(wide, number);
  }
  if (wide.empty()) return wide;
  std::string extra;
  append_little<uint16_t>(extra, zip::kExtra64);
  append_little<uint16_t>(extra, static_cast<uint16_t>(wide.size()));
  return extra + wide;
}

/// The extra field that makes what follows `offset` bytes and itself begin at a multiple of the alignment.
std::string padding(uint64_t offset) {
  const size_t fill = (kAlignment - (offset + kExtraHeader) % kAlignment) % kAlignment;
  std::string extra;
  append_little<uint16_t>(extra, kPaddingExtra);
  append_little<uint16_t>(extra, static_cast<uint16_t>(fill));
  return extra.append(fill, 'Z');
}

/// What a local header and a directory entry have in common, from "version needed" to the sizes of name and extra.
void append_common(std::string& out, uint32_t crc, uint64_t size, size_t name, size_t extra) {
  const bool is_zip64 = size >= zip::kSee64Bit;
  append_little<uint16_t>(out, is_zip64 ? 45 : 20);
  append_little<uint16_t>(out, kFlags);
  append_little<uint16_t>(out, zip::kStored);
  append_little<uint32_t>(out, 0x00210000);  // 1 January 1980: the same content makes the same bytes
  append_little<uint32_t>(out, crc);
  append_little<uint32_t>(out, narrow(size));
  append_little<uint32_t>(out, narrow(size));
  append_little<uint16_t>(out, static_cast<uint16_t>(name));
  append_little<uint16_t>(out, static_cast<uint16_t>(extra));
}

}  // namespace

void ZipWriter::add(std::string_view name, std::string_view payload) {
  add(name, Storage(std::as_bytes(std::span(payload)), nullptr));
}

void ZipWriter::add(std::string_view name, const Storage& payload) {
  if (name.size() > 0xffff) throw std::length_error("a zip record's name takes at most 65535 bytes");
  const uint64_t offset = file_.size();
  const bool is_large = payload.size() >= zip::kSee64Bit;

  std::string header;
  std::string extra = extra64({payload.size(), payload.size()});
  extra += padding(offset + zip::kLocalHeaderSize + name.size() + extra.size());
  append_little(header, zip::kLocalHeader);
  append_common(header, 0, is_large ? payload.size() : 0, name.size(), extra.size());
  file_.write(header.append(name).append(extra));

  uint32_t crc = 0;
  payload.stream([&](std::span<const std::byte> piece) {
    crc = crc32(piece, crc);
    file_.write(piece);
  });

  std::string descriptor;
  append_little(descriptor, zip::kDataDescriptor);
  append_little(descriptor, crc);
  for (int i = 0; i < 2; ++i) {
    if (is_large)
      append_little<uint64_t>(descriptor, payload.size());
    else
      append_little<uint32_t>(descriptor, static_cast<uint32_t>(payload.size()));
  }
  file_.write(descriptor);

  const std::string wide = extra64({payload.size(), payload.size(), offset});
  append_little(directory_, zip::kDirectoryEntry);
  append_little<uint16_t>(directory_, 45);  // made by: version 4.5 of the format
  append_common(directory_, crc, payload.size(), name.size(), wide.size());
  directory_.append(10, '\0');  // comment, disk, attributes
  append_little(directory_, narrow(offset));
  directory_.append(name).append(wide);

  ++records_;
  const uint32_t name_crc = crc32(std::as_bytes(std::span(name)));
  digest_ = digest_ * 0x9e3779b97f4a7c15 + (uint64_t{name_crc} << 32 | crc);
}

void ZipWriter::finish() {
  const uint64_t offset = file_.size();
  file_.write(directory_);

  const uint64_t end64 = file_.size();
  std::string end;
  if (records_ >= zip::kSee64Bit16 || directory_.size() >= zip::kSee64Bit || offset >= zip::kSee64Bit) {
    append_little(end, zip::kEnd64);
    append_little<uint64_t>(end, zip::kEnd64Size - 12);
    append_little<uint16_t>(end, 45);
    append_little<uint16_t>(end, 45);
    append_little<uint64_t>(end, 0);  // this disk, the directory's disk
    append_little(end, records_);
    append_little(end, records_);
    append_little<uint64_t>(end, directory_.size());
    append_little(end, offset);
    append_little(end, zip::kEnd64Locator);
    append_little<uint32_t>(end, 0);
    append_little(end, end64);
    append_little<uint32_t>(end, 1);
  }
  const auto records = static_cast<uint16_t>(std::min<uint64_t>(records_, zip::kSee64Bit16));
  append_little(end, zip::kEnd);
  append_little<uint32_t>(end, 0);
  append_little(end, records);
  append_little(end, records);
  append_little(end, narrow(directory_.size()));
  append_little(end, narrow(offset));
  append_little<uint16_t>(end, 0);
  file_.write(end);
}

}  // namespace torch_ext::formats
