#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "libtorch_ext/data/loader/epoch.h"

namespace torch_ext::loading {

/// Threads that work at the epoch they are given and sleep while there is nothing to do. LibTorch's operations use one
/// thread in each of them.
class Workers {
 public:
  /// `init`, if any, is called in each thread with the thread's number, before it works.
  explicit Workers(std::function<void(int64_t)> init);
  /// Ends the threads. One that is blocked in a dataset for more than a second is left to itself: it ends when it comes
  /// back, and holds what it uses until then.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Starts or ends threads until there are `count`.
  void resize(int64_t count);
  int64_t size() const { return static_cast<int64_t>(threads_.size()); }

  /// What they work at from now on; null: nothing.
  void assign(std::shared_ptr<Epoch> epoch);
  /// Tells sleeping threads that there is work. Cheap where none sleeps.
  void wake();
  /// Puts new threads in the place of those that are in the middle of something.
  void replace_busy();
  /// Throws what `init` threw in any of them.
  void check() const;

 private:
  struct Shared;
  struct Worker;

  void start(int64_t id);
  void end(std::vector<std::shared_ptr<Worker>> workers);
  static void run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& worker);

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Worker>> threads_;
  std::function<void(int64_t)> init_;
};

}  // namespace torch_ext::loading
