#include "libtorch_ext/formats/archive/tar_pax.h"

#include <algorithm>
#include <charconv>

namespace torch_ext::formats::tar {

std::optional<uint64_t> decimal(std::string_view text) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

bool Pax::add(std::span<const std::byte> bytes) {
  std::string_view records(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!records.empty() && records[0] != '\0') {
    const size_t space = records.find(' ');
    const auto length = space == records.npos ? std::nullopt : decimal(records.substr(0, space));
    if (!length || *length <= space + 1 || *length > records.size()) return false;
    const auto record = records.substr(space + 1, *length - space - 1);
    records.remove_prefix(*length);
    const size_t equals = record.find('=');
    if (equals == record.npos || equals == 0 || record.back() != '\n') return false;
    entries_.emplace_back(record.substr(0, equals), record.substr(equals + 1, record.size() - equals - 2));
  }
  return true;
}

const std::string_view* Pax::find(std::string_view key) const {
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(), [&](const auto& e) { return e.first == key; });
  return found == entries_.rend() ? nullptr : &found->second;
}

std::optional<uint64_t> Pax::number(std::string_view key) const {
  const auto* value = find(key);
  return value ? decimal(*value) : std::nullopt;
}

}  // namespace torch_ext::formats::tar
