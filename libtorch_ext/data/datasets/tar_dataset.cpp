#include "libtorch_ext/data/datasets/tar_dataset.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cctype>

#include "libtorch_ext/core/small_letters.h"
#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/data/datasets/brace_expand.h"
#include "libtorch_ext/formats/archive/gzip.h"
#include "libtorch_ext/formats/archive/tar_reader.h"
#include "libtorch_ext/formats/file/mapped_file.h"

namespace torch_ext {
namespace {

struct Archive {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

Archive open_archive(const std::string& path) {
  const auto file = formats::MappedFile::open(path);
  const auto bytes = file->bytes();
  const bool is_gzip = bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
  if (!is_gzip) return {file, bytes};
  const auto unpacked = std::make_shared<const std::vector<std::byte>>(formats::read_maybe_gzip(path));
  return {unpacked, *unpacked};
}

}  // namespace

TarSample::Bytes TarSample::operator[](std::string_view ending) const {
  std::vector<std::string> there;
  for (const auto& [name, bytes] : members) {
    if (name == ending) return bytes;
    there.push_back(name);
  }
  C10_THROW_ERROR(ValueError,
                  c10::str("sample \"", key, "\" has no file .", ending, ", it has ", c10::Join(", ", there)));
}

std::string TarSample::text(std::string_view ending) const {
  const Bytes bytes = (*this)[ending];
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

TarDataset::TarDataset(const std::string& pattern, Decode decode)
    : TarDataset(brace_expand(pattern), std::move(decode)) {}

TarDataset::TarDataset(const std::vector<std::string>& paths, Decode decode) : decode_(std::move(decode)) {
  TORCH_CHECK_VALUE(!paths.empty(), "TarDataset: found no archives");
  TORCH_CHECK_VALUE(decode_, "TarDataset: found no function to decode samples");
  for (const std::string& path : paths) add(path);
}

void TarDataset::add(const std::string& path) {
  const Archive archive = as_data_error([&] { return open_archive(path); });
  const size_t begin = samples_.size();
  for (auto& [name, bytes, unpacked] : as_data_error([&] { return formats::tar_members(archive.bytes, path); })) {
    if (unpacked) archives_.push_back(unpacked);
    const size_t base = name.rfind('/') + 1;  // npos + 1 is 0
    const size_t dot = name.find('.', base);
    if (dot == name.npos || dot == base) continue;
    const std::string key = name.substr(0, dot);
    const std::string ending = small_letters(name.substr(dot + 1));
    if (samples_.size() == begin || samples_.back().key != key) samples_.push_back({key, {}});
    auto& members = samples_.back().members;
    if (std::ranges::any_of(members, [&](const auto& member) { return member.first == ending; })) {
      throw DataError(path, "sample \"" + key + "\" has two files ." + ending);
    }
    members.emplace_back(ending, bytes);
  }
  if (samples_.size() == begin) throw DataError(path, "found no samples, expected files like 0001.jpg, 0001.cls");
  archives_.push_back(archive.owner);
  files_.emplace_back(path, samples_.size());
}

std::string TarDataset::name(int64_t index) const {
  const auto file =
      std::ranges::upper_bound(files_, static_cast<size_t>(index), {}, &std::pair<std::string, size_t>::second);
  return file->first + ": " + sample(index).key;
}

}  // namespace torch_ext
