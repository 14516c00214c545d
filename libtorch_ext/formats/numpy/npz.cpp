#include "libtorch_ext/formats/numpy/npz.h"

#include <string_view>

#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/numpy/npy.h"

namespace torch_ext::formats {

std::vector<std::pair<std::string, Tensor>> read_npz(const std::string& path) {
  constexpr std::string_view kEnding = ".npy";
  const ZipReader zip(path);
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const ZipRecord& record : zip.records()) {
    if (!record.name.ends_with(kEnding)) continue;
    const bool is_stored = record.size == record.packed_size;
    const std::string subject = path + ": record " + std::string(record.name);
    const std::shared_ptr<const Storage> content = zip.open(record, !is_stored);
    Tensor array = parse_npy(content, subject);
    if (is_stored && array.storage == content) {
      array.storage = zip.open(record, true);  // whose CRC-32 is checked at its first use
    } else if (is_stored) {
      zip.verify(record);
    }
    arrays.emplace_back(record.name.substr(0, record.name.size() - kEnding.size()), std::move(array));
  }
  return arrays;
}

}  // namespace torch_ext::formats
