#pragma once

#include <cstdint>

namespace torch_ext {

/// One of `count` equal parts of a job: what one of several processes reads, trains on, writes.
struct Shard {
  int64_t index = 0;  ///< in [0, count): Python's `rank`
  int64_t count = 1;  ///< Python's `num_replicas`, `world_size`
};

}  // namespace torch_ext
