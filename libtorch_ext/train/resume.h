#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/checkpoint/load_report.h"
#include "libtorch_ext/checkpoint/loaded_file.h"

namespace torch_ext {

struct Run;

/// What `resume_run` found and did.
struct ResumeReport {
  LoadReport weights;
  /// What goes on otherwise than the config says, and what otherwise than until now: a line each.
  ///
  ///     lr_scheduler: the checkpoint's T_max = 2 of CosineAnnealingLR stays, not 4; after that the rate rises again
  std::vector<std::string> notes;
};

/// Puts a fresh run where `checkpoint_of` saw it; what follows is the same, bit for bit, as if it had never stopped.
///
/// A checkpoint that Python wrote needs `epoch`, `state_dict` and `optimizer` only: without the rest, the run goes
/// on at the start of epoch `epoch`, in the order of samples that the seed gives. As in Python, the optimizer's options
/// (lr, momentum, …) and the schedule's arguments are the checkpoint's. Under another schedule than the checkpoint's,
/// the run goes on as after the same number of its steps, from the checkpoint's rate.
///
/// Throws `CheckpointError`, also where the checkpoint's schedule is a OneCycleLR that ends before the run does; don't
/// use the run then.
ResumeReport resume_run(Run& run, const LoadedFile& file);

}  // namespace torch_ext
