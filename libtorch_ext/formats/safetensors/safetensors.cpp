#include "libtorch_ext/formats/safetensors/safetensors.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/flat_state.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/safetensors/safetensors_header.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kLengthSize = sizeof(uint64_t);

SafetensorsHeader read_header(const MappedFile& file, size_t& data_begin) {
  const auto bytes = file.bytes();
  if (bytes.size() < kLengthSize) {
    throw FormatError(file.path(),
                      "has " + std::to_string(bytes.size()) + " bytes, a header's length of 8 is expected");
  }
  const auto length = load_little<uint64_t>(bytes.data());
  if (length > kMaxSafetensorsHeader || length > bytes.size() - kLengthSize) {
    throw FormatError(file.path(), "the header's length is " + std::to_string(length) + ", at most " +
                                       std::to_string(std::min(kMaxSafetensorsHeader, bytes.size() - kLengthSize)) +
                                       " is expected");
  }
  data_begin = kLengthSize + length;
  const std::string_view json(reinterpret_cast<const char*>(bytes.data()) + kLengthSize, length);
  try {
    return parse_safetensors_header(json, bytes.size() - data_begin);
  } catch (const std::invalid_argument& error) {
    throw FormatError(file.path(), std::string("header: ") + error.what());
  }
}

/// Where the data of each tensor goes. Returns the tensors in the order of their data.
std::vector<size_t> lay_out(const std::vector<NamedTensor>& tensors, SafetensorsHeader& header) {
  std::vector<size_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return element_size(tensors[i].tensor.dtype); });
  header.tensors.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) header.tensors.push_back({name, tensor.dtype, tensor.shape, 0, 0});
  uint64_t at = 0;
  for (const size_t i : order) {
    const Tensor& tensor = tensors[i].tensor;
    header.tensors[i].begin = at;
    at += static_cast<uint64_t>(tensor.numel()) * element_size(tensor.dtype);
    header.tensors[i].end = at;
  }
  return order;
}

void write_header(AtomicFile& file, const SafetensorsHeader& header) {
  std::string json = safetensors_header_text(header);
  json.resize((json.size() + kLengthSize - 1) / kLengthSize * kLengthSize, ' ');
  if (json.size() > kMaxSafetensorsHeader) {
    throw std::length_error("the header takes " + std::to_string(json.size()) +
                            " bytes, at most 100000000 are allowed");
  }
  std::string length;
  append_little<uint64_t>(length, json.size());
  file.write(length);
  file.write(json);
}

void write_data(AtomicFile& file, const NamedTensor& item) {
  try {
    stream_row_major(item.tensor, [&](std::span<const std::byte> piece) { file.write(piece); });
  } catch (const std::length_error& error) {
    throw std::length_error(item.name + ": " + error.what());
  }
}

}  // namespace

TensorFile read_safetensors(const std::string& path, const ReadOptions&) {
  const auto file = MappedFile::open(path);
  size_t data_begin = 0;
  SafetensorsHeader header = read_header(*file, data_begin);
  Dict root{.ordered = true};
  root.items.reserve(header.tensors.size());
  for (auto& entry : header.tensors) {
    Tensor tensor{.dtype = entry.dtype, .shape = std::move(entry.shape)};
    tensor.stride = contiguous_stride(tensor.shape);
    const auto bytes = file->bytes().subspan(data_begin + entry.begin, entry.end - entry.begin);
    tensor.storage = std::make_shared<const Storage>(bytes, file, nullptr);
    root.items.emplace_back(std::move(entry.name), std::move(tensor));
  }
  set_metadata(root, header.metadata);
  return {.format = "safetensors", .root = std::move(root)};
}

void write_safetensors(const Value& root, const std::string& path, const WriteOptions& options) {
  FlatState state = flat_state(root, path);
  SafetensorsHeader header{.metadata = std::move(state.metadata)};
  if (std::ranges::none_of(header.metadata, [](const auto& entry) { return entry.first == "format"; })) {
    header.metadata.insert(header.metadata.begin(), {"format", "pt"});
  }
  const auto order = lay_out(state.tensors, header);
  AtomicFile file(path, options.progress);
  try {
    write_header(file, header);
    for (const size_t i : order) write_data(file, state.tensors[i]);
  } catch (const std::logic_error& error) {
    throw FormatError(path, std::string("can't be written: ") + error.what());
  }
  put_in_place(std::move(file), options);
}

}  // namespace torch_ext::formats
