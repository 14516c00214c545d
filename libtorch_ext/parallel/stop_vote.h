#pragma once

#include <memory>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// Lets the ranks of a training stop at the same step, whichever was told to. Costs no waiting: each call sends this
/// rank's vote in the background, and answers by the votes of the call before.
class StopVote {
 public:
  explicit StopVote(ProcessGroup group);
  ~StopVote();

  /// Called by every rank, once a step. Whether any of them wanted to stop at the call before; in a group of one,
  /// whether this one wants to now.
  bool any(bool mine);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace torch_ext
