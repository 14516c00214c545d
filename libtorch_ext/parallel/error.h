#pragma once

#include "libtorch_ext/core/error.h"

namespace torch_ext {

/// A process group that can't be made, or a collective that failed: a rank died, or didn't come in time. The message
/// begins with the rank that says so. No further collective of the group will do; end the process.
class ProcessGroupError : public Error {
 public:
  using Error::Error;
};

/// What a replica of `DataParallel` threw. The message begins with the replica and its device.
class ReplicaError : public Error {
 public:
  using Error::Error;
};

}  // namespace torch_ext
