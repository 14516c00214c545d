#include "libtorch_ext/parallel/stop_vote.h"

#include <ATen/ops/full.h>

#include <optional>
#include <vector>

#include "libtorch_ext/parallel/c10d.h"

namespace torch_ext {

struct StopVote::State {
  ProcessGroup group;
  std::vector<at::Tensor> votes;
  c10::intrusive_ptr<c10d::Work> under_way;

  bool count() {
    if (!under_way) return false;
    as_process_group_error(group.state(), "agreeing on whether to stop", [&] { under_way->wait(); });
    under_way.reset();
    return votes[0].item<int64_t>() > 0;
  }
};

StopVote::StopVote(ProcessGroup group) : state_(std::make_unique<State>()) { state_->group = std::move(group); }

StopVote::~StopVote() {
  try {
    state_->count();
  } catch (const ProcessGroupError&) {
    // The next collective says so.
  }
}

bool StopVote::any(bool mine) {
  if (state_->group.size() == 1) return mine;
  const bool before = state_->count();
  state_->votes = {at::full({1}, mine ? 1 : 0, at::TensorOptions(at::kLong).device(state_->group.device()))};
  state_->under_way = as_process_group_error(state_->group.state(), "agreeing on whether to stop", [&] {
    return state_->group.state().c10d->allreduce(state_->votes);
  });
  return before;
}

}  // namespace torch_ext
