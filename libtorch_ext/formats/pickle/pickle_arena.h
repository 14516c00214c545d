#pragma once

#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// Levels that containers may be nested in: far more than files have, far less than the call stack bears.
inline constexpr size_t kMaxNesting = 1000;

/// Throws `std::invalid_argument` for more than `kMaxNesting` levels.
void check_nesting(size_t levels);

/// Owns every container that an unpickling makes, and takes those apart that did not become part of its result.
///
/// A chain of a million lists, each in the next, would overflow the stack if the outermost were simply dropped, and a
/// cycle would never be freed. The arena empties them one by one instead.
class PickleArena {
 public:
  PickleArena() = default;
  ~PickleArena();
  PickleArena(const PickleArena&) = delete;
  PickleArena& operator=(const PickleArena&) = delete;

  /// Takes a new container into care. Lists, dicts and objects must come before anything is put into them.
  void add(const std::shared_ptr<List>& list) { lists_.push_back(list); }
  void add(const std::shared_ptr<Dict>& dict) { dicts_.push_back(dict); }
  void add(const std::shared_ptr<Object>& object) { objects_.push_back(object); }
  /// A complete tuple; one that drops without harm, as almost all do, is not kept. Throws `std::invalid_argument` where
  /// tuples alone are nested too deep.
  void add(const std::shared_ptr<Tuple>& tuple);

  /// Lets `root` and all that it reaches live on. Throws `std::invalid_argument` where it is nested deeper than
  /// `kMaxNesting` or a dict has a key twice.
  void release(const Value& root);

 private:
  std::vector<std::shared_ptr<List>> lists_;
  std::vector<std::shared_ptr<Tuple>> tuples_;
  std::vector<std::shared_ptr<Dict>> dicts_;
  std::vector<std::shared_ptr<Object>> objects_;
  std::unordered_map<const Tuple*, size_t> heights_;  // levels of tuples in those that are kept
  std::unordered_set<const void*> released_;
};

}  // namespace torch_ext::formats
