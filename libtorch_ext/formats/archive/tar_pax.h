#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace torch_ext::formats::tar {

/// What pax headers say of the file after them: keys and values, a later one over an earlier one.
class Pax {
 public:
  /// Adds records of "<length> <key>=<value>\n". False where they are damaged.
  bool add(std::span<const std::byte> records);

  void clear() { entries_.clear(); }

  /// Null where there is no such key.
  const std::string_view* find(std::string_view key) const;
  /// Nothing where there is no such key, or no number.
  std::optional<uint64_t> number(std::string_view key) const;

  /// All of them, in their order: GNU's oldest sparse files repeat keys.
  const std::vector<std::pair<std::string_view, std::string_view>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> entries_;
};

/// A decimal number, and nothing else.
std::optional<uint64_t> decimal(std::string_view text);

}  // namespace torch_ext::formats::tar
