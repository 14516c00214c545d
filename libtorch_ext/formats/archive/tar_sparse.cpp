#include "libtorch_ext/formats/archive/tar_sparse.h"

#include <algorithm>
#include <string_view>

#include "libtorch_ext/formats/archive/tar_header.h"

namespace torch_ext::formats::tar {
namespace {

using Span = std::span<const std::byte>;
using Run = SparseMap::Run;

constexpr size_t kField = 12;

/// Adds `count` runs of two octal numbers each; an empty one ends them. False where they are damaged.
bool add_octal_runs(Span fields, size_t count, std::vector<Run>& runs) {
  for (size_t i = 0; i < count; ++i) {
    const Span run = fields.subspan(2 * kField * i, 2 * kField);
    if (run[0] == std::byte{0}) break;
    const auto offset = number(run.first(kField));
    const auto size = number(run.subspan(kField));
    if (!offset || !size) return false;
    runs.push_back({*offset, *size});
  }
  return true;
}

/// Takes the number before the next `separator`, or the last one.
std::optional<uint64_t> take_number(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const auto number = decimal(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return number;
}

/// Format 0.0: a record for each offset and each size.
bool add_repeated_runs(const Pax& pax, std::vector<Run>& runs) {
  bool has_offset = false;
  for (const auto& [key, value] : pax.entries()) {
    const bool is_offset = key == "GNU.sparse.offset";
    if (!is_offset && key != "GNU.sparse.numbytes") continue;
    const auto number = decimal(value);
    if (!number || is_offset == has_offset) return false;
    if (is_offset)
      runs.push_back({*number, 0});
    else
      runs.back().size = *number;
    has_offset = is_offset;
  }
  return !has_offset;
}

/// Format 0.1: "offset,size,offset,size".
bool add_listed_runs(std::string_view map, std::vector<Run>& runs) {
  while (!map.empty()) {
    const auto offset = take_number(map, ',');
    const auto size = take_number(map, ',');
    if (!offset || !size) return false;
    runs.push_back({*offset, *size});
  }
  return true;
}

/// Format 1.0: lines with the number of runs, then each run's offset and size, filled up to whole blocks.
bool take_runs(Span& content, std::vector<Run>& runs) {
  std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  const auto count = take_number(text, '\n');
  if (!count) return false;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto offset = take_number(text, '\n');
    const auto size = take_number(text, '\n');
    if (!offset || !size) return false;
    runs.push_back({*offset, *size});
  }
  const size_t taken = (content.size() - text.size() + kBlock - 1) / kBlock * kBlock;
  content = content.subspan(std::min(taken, content.size()));
  return true;
}

}  // namespace

std::optional<SparseMap> old_sparse_map(Span header, Span& rest) {
  SparseMap map;
  const auto size = number(header.subspan(483, kField));
  if (!size || !add_octal_runs(header.subspan(386), 4, map.runs)) return std::nullopt;
  map.size = *size;
  for (bool is_extended = header[482] != std::byte{0}; is_extended;) {
    if (rest.size() < kBlock || !add_octal_runs(rest, 21, map.runs)) return std::nullopt;
    is_extended = rest[504] != std::byte{0};
    rest = rest.subspan(kBlock);
  }
  return map;
}

bool is_pax_sparse(const Pax& pax) {
  return pax.find("GNU.sparse.map") || pax.find("GNU.sparse.size") || pax.find("GNU.sparse.major");
}

std::optional<SparseMap> pax_sparse_map(const Pax& pax, Span& content) {
  SparseMap map;
  const auto size = pax.find("GNU.sparse.realsize") ? pax.number("GNU.sparse.realsize") : pax.number("GNU.sparse.size");
  if (!size) return std::nullopt;
  map.size = *size;
  const auto major = pax.number("GNU.sparse.major").value_or(0);
  const auto minor = pax.number("GNU.sparse.minor").value_or(0);
  const auto* listed = pax.find("GNU.sparse.map");
  const bool is_right = listed                     ? add_listed_runs(*listed, map.runs)
                        : major == 1 && minor == 0 ? take_runs(content, map.runs)
                        : major == 0               ? add_repeated_runs(pax, map.runs)
                                                   : false;
  if (!is_right) return std::nullopt;
  return map;
}

std::shared_ptr<const std::vector<std::byte>> unpack_sparse(const SparseMap& map, Span stored) {
  uint64_t end = 0;
  uint64_t left = stored.size();
  for (const auto& [offset, size] : map.runs) {
    if (offset < end || offset > map.size || size > map.size - offset || size > left) return nullptr;
    end = offset + size;
    left -= size;
  }
  if (left > 0) return nullptr;
  auto bytes = std::make_shared<std::vector<std::byte>>(map.size);
  for (const auto& [offset, size] : map.runs) {
    std::ranges::copy(stored.first(size), bytes->begin() + static_cast<std::ptrdiff_t>(offset));
    stored = stored.subspan(size);
  }
  return bytes;
}

}  // namespace torch_ext::formats::tar
