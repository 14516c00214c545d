#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch_ext {

class LRScheduler;

/// Writes the fields of a schedule to its state, or reads them from one: a schedule lists them once for both.
///
/// Reading takes effect in `commit()`, so that a state that doesn't fit changes nothing. A key that the state lacks
/// leaves its field as it is. Throws `torch_ext::Error`: the key, what was found, what was expected.
class SchedulerFields {
 public:
  static constexpr int64_t kMaxCount = int64_t{1} << 53;  ///< whole numbers are exact as doubles up to here

  /// Writes.
  explicit SchedulerFields(formats::Dict& state) : to_(&state) {}
  /// Reads. `path`, empty or ending in a dot, stands before the keys in errors.
  explicit SchedulerFields(const formats::Value& state, std::string path = "");

  void count(const char* key, int64_t& field, int64_t least = -kMaxCount);
  /// Python's int or float.
  void number(const char* key, double& field, double least = -std::numeric_limits<double>::infinity());
  /// A number that is an int in Python while it is whole.
  void whole(const char* key, double& field, double least = 0);
  void flag(const char* key, bool& field);
  /// One of `choices`, or any text where there are none.
  void choice(const char* key, std::string& field, std::initializer_list<const char*> choices);
  /// A list of `size` numbers.
  void numbers(const char* key, std::vector<double>& field, size_t size);
  void counts(const char* key, std::vector<int64_t>& field, size_t size);
  /// The states of other schedules.
  void nested(const char* key, const std::vector<std::shared_ptr<LRScheduler>>& schedulers);
  /// An entry that is written and not read.
  void written(const char* key, formats::Value value);

  // What is none of these:
  bool reading() const { return from_; }
  /// The entry to be read, null where there is none.
  const formats::Value* find(const char* key) const;
  /// Runs `assign` in `commit()`.
  void later(std::function<void()> assign) { assignments_.push_back(std::move(assign)); }
  [[noreturn]] void fail(const std::string& key, const formats::Value& found, const std::string& expected) const;

  void commit();

 private:
  formats::Dict* to_ = nullptr;
  const formats::Dict* from_ = nullptr;
  std::string path_;
  std::vector<std::function<void()>> assignments_;
};

}  // namespace torch_ext
