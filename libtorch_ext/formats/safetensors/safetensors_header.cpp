#include "libtorch_ext/formats/safetensors/safetensors_header.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "libtorch_ext/formats/json/json_reader.h"
#include "libtorch_ext/formats/json/json_text.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/unique_names.h"

namespace torch_ext::formats {
namespace {

using Entry = SafetensorsHeader::Entry;

constexpr std::string_view kMetadata = "__metadata__";
constexpr size_t kMaxDimensions = 64;
constexpr size_t kMaxName = 80;

struct Word {
  std::string_view word;
  DType dtype;
};

// Source: safetensors/src/tensor.rs, `enum Dtype`. F6_E2M3 and F6_E3M2 have no counterpart in PyTorch.
constexpr Word kWords[] = {
    {"BOOL", DType::Bool},
    {"F4", DType::Float4_e2m1fn_x2},
    {"U8", DType::Byte},
    {"I8", DType::Char},
    {"F8_E5M2", DType::Float8_e5m2},
    {"F8_E4M3", DType::Float8_e4m3fn},
    {"F8_E8M0", DType::Float8_e8m0fnu},
    {"F8_E4M3FNUZ", DType::Float8_e4m3fnuz},
    {"F8_E5M2FNUZ", DType::Float8_e5m2fnuz},
    {"I16", DType::Short},
    {"U16", DType::UInt16},
    {"F16", DType::Half},
    {"BF16", DType::BFloat16},
    {"I32", DType::Int},
    {"U32", DType::UInt32},
    {"F32", DType::Float},
    {"C64", DType::ComplexFloat},
    {"F64", DType::Double},
    {"I64", DType::Long},
    {"U64", DType::UInt64},
};

/// PyTorch's element of this dtype holds two numbers of the file.
bool is_packed(DType dtype) { return dtype == DType::Float4_e2m1fn_x2; }

[[noreturn]] void fail(std::string_view name, const std::string& problem) {
  throw std::invalid_argument("tensor " + repr(name, kMaxName) + ": " + problem);
}

DType parse_dtype(std::string_view name, const std::string& word) {
  const auto* found = std::ranges::find(kWords, word, &Word::word);
  if (found == std::end(kWords)) fail(name, "its dtype is " + repr(word, kMaxName) + ", which PyTorch lacks");
  return found->dtype;
}

std::vector<int64_t> parse_numbers(JsonReader& json, std::string_view name, size_t max_count) {
  std::vector<int64_t> numbers;
  json.array([&] {
    if (numbers.size() == max_count) fail(name, "at most " + std::to_string(max_count) + " numbers are expected");
    numbers.push_back(json.natural());
  });
  return numbers;
}

/// Halves the last size of a packed dtype.
void pack(Entry& entry) {
  if (!is_packed(entry.dtype)) return;
  if (entry.shape.empty() || entry.shape.back() % 2 != 0) fail(entry.name, "its last size is odd, F4 comes in pairs");
  entry.shape.back() /= 2;
}

void check_size(const Entry& entry) {
  uint64_t size = element_size(entry.dtype);
  uint64_t reach = size;  // strides are computed as if no size were 0
  bool overflow = false;
  for (const int64_t count : entry.shape) {
    size *= static_cast<uint64_t>(count);
    overflow |= __builtin_mul_overflow(reach, std::max<uint64_t>(static_cast<uint64_t>(count), 1), &reach);
  }
  if (overflow || reach > INT64_MAX) fail(entry.name, "its sizes are too large");
  if (entry.begin > entry.end || entry.end - entry.begin != size) {
    fail(entry.name, "its data_offsets are " + std::to_string(entry.begin) + " and " + std::to_string(entry.end) +
                         ", its dtype and shape take " + std::to_string(size) + " bytes");
  }
}

Entry parse_entry(JsonReader& json, std::string name) {
  Entry entry{.name = std::move(name)};
  std::optional<std::string> dtype;
  std::optional<std::vector<int64_t>> shape;
  std::optional<std::vector<int64_t>> offsets;
  const auto once = [&](auto& field, const std::string& key, auto&& value) {
    if (field) fail(entry.name, key + " comes twice");
    field = std::move(value);
  };
  json.object([&](const std::string& key) {
    if (key == "dtype")
      once(dtype, key, json.string());
    else if (key == "shape")
      once(shape, key, parse_numbers(json, entry.name, kMaxDimensions));
    else if (key == "data_offsets")
      once(offsets, key, parse_numbers(json, entry.name, 2));
    else
      json.skip();
  });
  if (!dtype || !shape || !offsets || offsets->size() != 2) {
    fail(entry.name, "dtype, shape and two data_offsets are expected");
  }
  entry.dtype = parse_dtype(entry.name, *dtype);
  entry.shape = std::move(*shape);
  entry.begin = static_cast<uint64_t>((*offsets)[0]);
  entry.end = static_cast<uint64_t>((*offsets)[1]);
  pack(entry);
  check_size(entry);
  return entry;
}

/// Throws unless all entries together are the data, each byte once.
void check_cover(const std::vector<Entry>& entries, uint64_t data_size) {
  std::vector<const Entry*> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back(&entry);
  std::ranges::sort(order, [](const Entry* left, const Entry* right) {
    return std::pair(left->begin, left->end) < std::pair(right->begin, right->end);
  });
  uint64_t at = 0;
  for (const Entry* entry : order) {
    if (entry->begin != at) {
      fail(entry->name, "its data begins at byte " + std::to_string(entry->begin) + ", " + std::to_string(at) +
                            " is expected: tensors follow one another without holes and overlaps");
    }
    at = entry->end;
  }
  if (at != data_size) {
    throw std::invalid_argument("the tensors take " + std::to_string(at) + " bytes, the file has " +
                                std::to_string(data_size) + " after its header");
  }
}

template <class Item, class Named>
void check_names(const std::vector<Item>& items, std::string Named::*name) {
  const auto twice = find_twice(items, name);
  if (twice) throw std::invalid_argument("the name " + repr(*twice, kMaxName) + " comes twice");
}

void append_entry(std::string& text, const Entry& entry) {
  const auto* found = std::ranges::find(kWords, entry.dtype, &Word::dtype);
  if (found == std::end(kWords)) {
    fail(entry.name, "safetensors has no dtype for " + std::string(dtype_name(entry.dtype)) +
                         "; convert it first (--dtype float32), or write a file of torch.save");
  }
  if (is_packed(entry.dtype) && entry.shape.empty()) fail(entry.name, "a scalar can't be written as F4");
  append_json(text, entry.name);
  text.append(R"(:{"dtype":")").append(found->word).append(R"(","shape":[)");
  for (size_t dim = 0; dim < entry.shape.size(); ++dim) {
    const bool is_last = dim + 1 == entry.shape.size();
    text += std::to_string(entry.shape[dim] * (is_packed(entry.dtype) && is_last ? 2 : 1));
    if (!is_last) text += ',';
  }
  text += R"(],"data_offsets":[)" + std::to_string(entry.begin) + ',' + std::to_string(entry.end) + "]}";
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json_text, uint64_t data_size) {
  SafetensorsHeader header;
  bool has_metadata = false;
  JsonReader json(json_text);
  json.object([&](std::string name) {
    if (name != kMetadata) return header.tensors.push_back(parse_entry(json, std::move(name)));
    if (std::exchange(has_metadata, true)) throw std::invalid_argument("__metadata__ comes twice");
    if (json.take_null()) return;
    json.object([&](std::string key) { header.metadata.emplace_back(std::move(key), json.string()); });
  });
  json.end();
  check_names(header.tensors, &Entry::name);
  check_names(header.metadata, &std::pair<std::string, std::string>::first);
  check_cover(header.tensors, data_size);
  return header;
}

std::string safetensors_header_text(const SafetensorsHeader& header) {
  std::string text = "{";
  if (!header.metadata.empty()) {
    append_json(text, kMetadata);
    text += ":{";
    for (const auto& [name, value] : header.metadata) {
      append_json(text, name);
      text += ':';
      append_json(text, value);
      text += ',';
    }
    text.back() = '}';
  }
  for (const Entry& entry : header.tensors) {
    if (text.size() > 1) text += ',';
    append_entry(text, entry);
  }
  return text + '}';
}

}  // namespace torch_ext::formats
