#include "ls.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <set>
#include <sstream>
#include <unordered_map>
#include <vector>

#include "libtorch_ext/formats/crc32.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

constexpr size_t kMaxLeaf = 100;

std::string digest(const Tensor& tensor) {
  std::vector<std::byte> scratch;
  std::ostringstream hex;
  hex << std::hex << std::setfill('0') << std::setw(8) << crc32(row_major_bytes(tensor, scratch));
  return hex.str();
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::string bytes_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) amount /= 1024, ++unit;
  std::ostringstream text;
  text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << amount << ' ' << kUnits[unit];
  return text.str();
}

void print_json(const TensorFile& file, bool with_digest, std::ostream& out) {
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
  const nlohmann::ordered_json document = {{"format", file.format}, {"tensors", std::move(tensors)}};
  // A name that is no UTF-8 still gives valid JSON.
  out << document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

void print_table(const TensorFile& file, bool with_digest, std::ostream& out) {
  const auto tensors = named_tensors(file.root);
  size_t name_width = 0;
  size_t dtype_width = 0;
  uint64_t elements = 0;

  uint64_t bytes = 0;
  std::set<const Storage*> storages;
  for (const auto& [name, tensor] : tensors) {
    name_width = std::max(name_width, name.size());
    dtype_width = std::max(dtype_width, dtype_name(tensor.dtype).size());
    elements += static_cast<uint64_t>(tensor.numel());
    if (storages.insert(tensor.storage.get()).second) bytes += tensor.storage->size();
  }
  std::ostringstream table;
  table << std::left;
  for (const auto& [name, tensor] : tensors) {
    table << std::setw(static_cast<int>(name_width)) << name << "  " << std::setw(static_cast<int>(dtype_width))
          << dtype_name(tensor.dtype) << "  ";
    if (with_digest) table << digest(tensor) << "  ";
    table << shape_text(tensor.shape) << '\n';
  }
  for (const auto& [name, value] : named_leaves(file.root)) table << name << " = " << repr(value, kMaxLeaf) << '\n';
  table << tensors.size() << " tensors, " << elements << " elements, " << storages.size() << " storages of "
        << bytes_text(bytes) << '\n';
  out << table.str();
}

}  // namespace

void ls(const LsOptions& options, std::ostream& out) {
  const TensorFile file = read_tensor_file(options.file);
  if (options.json)
    print_json(file, options.digest, out);
  else
    print_table(file, options.digest, out);
}

}  // namespace ckpt
