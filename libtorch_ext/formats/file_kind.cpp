#include "libtorch_ext/formats/file_kind.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "libtorch_ext/formats/archive/tar_reader.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/other_kinds.h"
#include "libtorch_ext/formats/pytorch/legacy_magic.h"

namespace torch_ext::formats {
namespace {

using namespace std::string_view_literals;

constexpr auto kZip = "PK\x03\x04"sv;
constexpr auto kTar = "ustar"sv;
constexpr size_t kTarOffset = 257;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool looks_like_tar(std::string_view file) {
  return file.size() > kTarOffset && file.substr(kTarOffset).starts_with(kTar);
}

/// JSON that says which file each tensor is in.
bool is_index(std::string_view file) {
  return file.substr(0, file.find_first_not_of(" \t\r\n") + 1).ends_with('{') &&
         file.find("\"weight_map\"") != file.npos;
}

/// The length of a header that begins with a brace. A text has one there, too, but no length.
bool is_safetensors(std::span<const std::byte> file) {
  if (file.size() <= 8 || file[8] != std::byte{'{'}) return false;
  const auto is_printed = [](std::byte byte) { return byte >= std::byte{0x20} && byte < std::byte{0x7f}; };
  return !std::ranges::all_of(file.first(8), is_printed);
}

}  // namespace

FileKind file_kind(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) throw FormatError(path, describe_folder(path));
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  const bool is_part = path.ends_with(".distcp");
  if (as_text(bytes).starts_with(kZip) && !is_part) return FileKind::kPytorchZip;
  if (begins_with_legacy_magic(bytes)) return FileKind::kPytorchLegacy;
  if (begins_with_tar_header(bytes) || looks_like_tar(as_text(bytes))) return FileKind::kPytorchTar;
  if (is_safetensors(bytes)) return FileKind::kSafetensors;
  if (is_index(as_text(bytes))) return FileKind::kIndex;
  throw FormatError(path, describe_other_file(path, bytes));
}

}  // namespace torch_ext::formats
