#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// What a pickle puts aside to refer to again, by number.
///
/// Picklers number every value, in case it comes again; hardly any does. So the pickle is looked through beforehand
/// for the numbers it asks for, and nothing else is kept.
class PickleMemo {
 public:
  /// Finds the numbers that `pickle` asks for. A damaged pickle is looked through as far as it can be read.
  explicit PickleMemo(std::span<const std::byte> pickle);

  /// Whether the value under `number` will be asked for.
  bool wants(uint64_t number) const { return values_.contains(number); }

  /// Keeps `value` for a number that is wanted.
  void put(uint64_t number, Value value) { values_.at(number) = std::move(value); }

  /// The value under `number`, or null where none was put.
  const Value* get(uint64_t number) const {
    const auto found = values_.find(number);
    return found == values_.end() || !found->second ? nullptr : &*found->second;
  }

 private:
  std::unordered_map<uint64_t, std::optional<Value>> values_;
};

}  // namespace torch_ext::formats
