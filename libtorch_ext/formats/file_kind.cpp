#include "libtorch_ext/formats/file_kind.h"

#include <algorithm>
#include <string_view>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/pytorch/legacy_magic.h"

namespace torch_ext::formats {
namespace {

using namespace std::string_view_literals;

constexpr auto kZip = "PK\x03\x04"sv;
constexpr auto kTar = "ustar"sv;
constexpr size_t kTarOffset = 257;

bool is_text(std::string_view head) {
  return std::ranges::all_of(head, [](unsigned char c) { return c >= 0x20 || (c >= '\t' && c <= '\r'); });
}

std::string describe(std::string_view head) {
  if (head.empty()) return "is empty";
  if (head.starts_with("\x1f\x8b"sv)) return "is gzip, a file of torch.save is expected; unpack it first";
  if (head.starts_with("\x93NUMPY"sv)) return "is a numpy array, a file of torch.save is expected";
  if (head.starts_with("\x89HDF"sv)) return "is HDF5, a file of torch.save is expected";
  if (head.starts_with("PK\x05\x06"sv)) return "is an empty zip archive, a file of torch.save is expected";
  if (head.starts_with('\x80')) {
    return "is a bare pickle, a file of torch.save is expected; load it in Python and torch.save it";
  }
  if (is_text(head)) return "is a text file, a file of torch.save is expected";
  return "is no file of torch.save, which begins with a zip header (50 4b 03 04)";
}

}  // namespace

FileKind file_kind(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes().first(std::min<size_t>(file->bytes().size(), 512));
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (head.starts_with(kZip)) return FileKind::kPytorchZip;
  if (begins_with_legacy_magic(bytes)) return FileKind::kPytorchLegacy;
  if (head.size() > kTarOffset && head.substr(kTarOffset).starts_with(kTar)) return FileKind::kPytorchTar;
  if (head.starts_with('{') && is_text(head.substr(0, 8))) return FileKind::kIndex;
  if (head.size() > 8 && head[8] == '{') return FileKind::kSafetensors;
  throw FormatError(path, describe(head));
}

}  // namespace torch_ext::formats
