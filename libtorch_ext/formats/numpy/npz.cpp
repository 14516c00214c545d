#include "libtorch_ext/formats/numpy/npz.h"

#include <string_view>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/numpy/npy.h"

namespace torch_ext::formats {
namespace {

constexpr std::string_view kEnding = ".npy";

bool is_folder(const ZipRecord& record) { return record.name.ends_with('/'); }

std::string name_of(const ZipRecord& record) {
  return std::string(record.name.substr(0, record.name.size() - (record.name.ends_with(kEnding) ? kEnding.size() : 0)));
}

}  // namespace

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const ZipRecord& record : zip_.records()) {
    if (!is_folder(record)) names.push_back(name_of(record));
  }
  return names;
}

const ZipRecord* NpzFile::find(const std::string& name) const {
  const ZipRecord* record = zip_.find(name);
  if (!record) record = zip_.find(name + std::string(kEnding));
  return record && !is_folder(*record) ? record : nullptr;
}

Tensor NpzFile::read(const ZipRecord& record) const {
  const bool is_stored = record.size == record.packed_size;
  const std::string subject = zip_.path() + ": record " + std::string(record.name);
  const std::shared_ptr<const Storage> content = zip_.open(record, !is_stored);
  Tensor array = parse_npy(content, subject);
  if (is_stored && array.storage == content) {
    array.storage = zip_.open(record, true);  // whose CRC-32 is checked at its first use
  } else if (is_stored) {
    zip_.verify(record);
  }
  return array;
}

std::vector<std::pair<std::string, Tensor>> NpzFile::read_all() const {
  std::vector<std::pair<std::string, Tensor>> arrays;
  std::vector<std::string> readable;
  std::string problem;
  for (const ZipRecord& record : zip_.records()) {
    if (is_folder(record)) continue;
    try {
      arrays.emplace_back(name_of(record), read(record));
      readable.push_back(arrays.back().first);
    } catch (const FormatError& error) {
      if (problem.empty()) problem = std::string(error.what()).substr(zip_.path().size() + 2);
    }
  }
  if (problem.empty()) return arrays;
  if (!readable.empty()) problem += "; others can be chosen by name: " + quoted_list(readable);
  throw FormatError(zip_.path(), problem);
}

}  // namespace torch_ext::formats
