#pragma once

#include <cstddef>
#include <stdexcept>

#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/pytorch/python_module.h"

namespace torch_ext::formats {

/// Bounds a walk down a tree of modules, which in a hostile file may contain itself or share children that multiply.
class ModuleWalk {
 public:
  /// What looking for a few attributes costs for each that there is.
  static constexpr size_t kLook = 4;

  /// Enters a module for as long as it lives. Throws `std::invalid_argument` beyond `kMaxNesting` levels.
  class Level {
   public:
    explicit Level(ModuleWalk& walk) : walk_(walk) {
      if (++walk_.depth_ > kMaxNesting) throw std::invalid_argument("modules are nested in more than 1000 levels");
    }
    ~Level() { --walk_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ModuleWalk& walk_;
  };

  /// Pays for `amount` bytes of result or steps of work. Throws `std::invalid_argument` when too many are spent.
  void charge(size_t amount) {
    if (amount > left_) throw std::invalid_argument("shared modules multiply to more than 32 MiB of text");
    left_ -= amount;
  }

  /// Whether to go into `value`. Pays for a look at each of its attributes.
  bool is_module(const Value& value) {
    charge(1);
    const bool found = formats::is_module(value);
    if (const auto* object = value.as<Object>()) {
      const auto* state = object->state ? object->state->as<Dict>() : nullptr;
      charge(state ? kLook * state->items.size() : 0);
    }
    return found;
  }

 private:
  size_t depth_ = 0;
  size_t left_ = size_t{32} << 20;
};

}  // namespace torch_ext::formats
