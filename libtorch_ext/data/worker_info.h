#pragma once

#include <cstdint>

namespace torch_ext {

/// Which of a loader's threads this is.
struct WorkerInfo {
  int64_t id = 0;           ///< in [0, num_workers)
  int64_t num_workers = 0;  ///< as of the thread's start
};

/// The calling thread's, or null where it is no loader's worker: Python's `get_worker_info()`.
const WorkerInfo* get_worker_info();

}  // namespace torch_ext
