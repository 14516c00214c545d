#include "ls.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <unordered_map>
#include <utility>
#include <vector>

#include "each_file.h"
#include "libtorch_ext/formats/flat_state.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "metadata.h"
#include "storages.h"
#include "text.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

constexpr size_t kMaxLeaf = 100;

nlohmann::ordered_json to_json(const TensorFile& file, bool with_digest) {
  std::unordered_map<const Storage*, size_t> storage_ids;
  auto tensors = nlohmann::ordered_json::array();
  for (const auto& [name, tensor] : named_tensors(file.root)) {
    const size_t id = storage_ids.try_emplace(tensor.storage.get(), storage_ids.size()).first->second;
    nlohmann::ordered_json entry = {{"name", name},
                                    {"dtype", dtype_name(tensor.dtype)},
                                    {"shape", tensor.shape},
                                    {"stride", tensor.stride},
                                    {"storage_offset", tensor.storage_offset},
                                    {"storage", id}};
    if (with_digest) entry["crc32"] = digest(tensor);
    tensors.push_back(std::move(entry));
  }
  nlohmann::ordered_json document = {{"format", file.format}, {"tensors", std::move(tensors)}};
  if (metadata_of(file.root)) document["metadata"] = metadata_json(file.root);
  return document;
}

void print_table(const TensorFile& file, bool with_digest, std::ostream& out) {
  const auto tensors = named_tensors(file.root);
  size_t name_width = 0;
  size_t dtype_width = 0;
  uint64_t elements = 0;
  Storages storages;
  for (const auto& [name, tensor] : tensors) {
    name_width = std::max(name_width, name.size());
    dtype_width = std::max(dtype_width, dtype_name(tensor.dtype).size());
    elements += static_cast<uint64_t>(tensor.numel());
    storages.add(tensor);
  }
  out << std::left;
  for (const auto& [name, tensor] : tensors) {
    out << std::setw(static_cast<int>(name_width)) << name << "  " << std::setw(static_cast<int>(dtype_width))
        << dtype_name(tensor.dtype) << "  ";
    if (with_digest) out << digest(tensor) << "  ";
    out << shape_text(tensor.shape) << '\n';
  }
  for (const auto& [name, value] : metadata_values(file.root)) out << name << " = " << repr(value, kMaxLeaf) << '\n';
  for (const auto& [name, value] : named_leaves(file.root)) out << name << " = " << repr(value, kMaxLeaf) << '\n';
  out << plural(tensors.size(), "tensor") << ", " << plural(elements, "element") << ", "
      << plural(storages.seen.size(), "storage") << " of " << bytes_text(storages.bytes) << '\n';
}

}  // namespace

bool ls(const LsOptions& options, std::ostream& out) {
  if (options.json) {
    return each_file_json(options.files, out,
                          [&](const auto& path) { return to_json(read_tensor_file(path), options.digest); });
  }
  const bool has_titles = options.files.size() > 1;
  bool is_first = true;
  return each_file(options.files, [&](const std::string& path) {
    std::ostringstream table;
    print_table(read_tensor_file(path), options.digest, table);
    if (has_titles) out << (std::exchange(is_first, false) ? "" : "\n") << path << ":\n";
    out << table.str();
  });
}

}  // namespace ckpt
