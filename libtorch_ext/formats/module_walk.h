#pragma once

#include <cstddef>
#include <stdexcept>

#include "libtorch_ext/formats/pickle_arena.h"
#include "libtorch_ext/formats/python_module.h"

namespace torch_ext::formats {

/// Bounds a walk down a tree of modules, which in a hostile file may contain itself or share children that multiply.
class ModuleWalk {
 public:
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

  /// Pays for `bytes` of result or of work. Throws `std::invalid_argument` when more than 64 MiB are spent.
  void charge(size_t bytes) {
    if (bytes > left_) throw std::invalid_argument("shared modules multiply to more than 64 MiB of names");
    left_ -= bytes;
  }
  /// Pays for a look at each of the module's attributes and parts.
  void charge(const PythonModule& module) {
    charge(sizeof(Value) * (1 + module.attributes().items.size() + module.parameters().size() +
                            module.buffers().size() + module.children().size()));
  }

 private:
  size_t depth_ = 0;
  size_t left_ = size_t{64} << 20;
};

}  // namespace torch_ext::formats
