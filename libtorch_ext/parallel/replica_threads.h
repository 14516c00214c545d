#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <vector>

namespace torch_ext {

/// One thread a device, which live as long as this does, but for the first device, whose work the caller's thread does.
class ReplicaThreads {
 public:
  explicit ReplicaThreads(const std::vector<c10::Device>& devices);
  ~ReplicaThreads();

  /// Calls `work(i)` for the first `count` devices at once, each on its device and that device's current stream, under
  /// the caller's gradient mode, inference mode and autocast. Returns when all are done. Throws `ReplicaError` for the
  /// first that failed.
  void run(size_t count, const std::function<void(size_t)>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace torch_ext
