#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"

namespace torch_ext::formats {

/// Makes what an unpickling puts together: containers, and what calls and states stand for. Nothing is called: a call
/// becomes the value that it would return where that is known here, an inert `Object` otherwise.
///
/// All functions throw `std::invalid_argument` for what no pickler writes.
class PickleObjects {
 public:
  /// `max_copied`: bytes that may be copied where Python would merely refer to a value once more.
  PickleObjects(size_t max_copied, const LoadBytes& load_bytes) : copies_left_(max_copied), load_bytes_(load_bytes) {}

  /// One more reference to `value`. Throws where long values are repeated too often.
  Value copy(const Value& value);

  template <class Container>
  std::shared_ptr<Container> make(std::vector<Value> items) {
    auto container = std::make_shared<Container>();
    container->items = std::move(items);
    arena_.add(container);
    return container;
  }
  std::shared_ptr<Dict> make_dict(std::span<Value> keys_and_values);
  std::shared_ptr<Object> make_object(Global type, std::vector<Value> args);

  /// `callee(*args)`.
  Value reduce(const Value& callee, const Value& args);
  /// `type.__new__(type, *args, **kwargs)`; `kwargs` may be null.
  Value new_object(const Value& type, const Value& args, const Value* kwargs);
  /// The first value is a class, the others are its arguments.
  Value instance(std::vector<Value> type_and_args);
  /// `target.__setstate__(state)`.
  void build(Value& target, const Value& state);

  /// Lets `root` and all that it reaches outlive this object. Throws as `PickleArena::release` does.
  void release(const Value& root) { arena_.release(root); }

 private:
  void charge(size_t bytes);
  Value finished(const std::shared_ptr<Object>& object);
  std::vector<Value> copy_all(const std::vector<Value>& values);
  Value call(const Global& function, const std::shared_ptr<Tuple>& args);
  std::shared_ptr<Object> reconstructed(const std::vector<Value>& args);
  Value ordered_dict(const Tuple& args);

  PickleArena arena_;
  size_t copies_left_;
  std::unordered_map<const Object*, Value> arrays_;  // what NumPy's objects turned out to be
  const LoadBytes& load_bytes_;
};

/// Moves `keys_and_values`, which take turns, to the end of `out`.
void append_pairs(std::vector<std::pair<Value, Value>>& out, std::span<Value> keys_and_values);

}  // namespace torch_ext::formats
