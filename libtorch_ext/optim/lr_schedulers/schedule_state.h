#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch_ext {

/// The class that a schedule's `state_dict()` is of, by its keys: "CosineAnnealingLR"; "a schedule of another class" for
/// none of Python's.
std::string schedule_name(const formats::Value& state);

/// Whether two states are of one class, and in a `SequentialLR` or `ChainedScheduler` those within are, too.
bool is_same_schedule(const formats::Value& a, const formats::Value& b);

/// Whether it also moves the momentum, or the first beta: OneCycleLR, CyclicLR.
bool cycles_momentum(const formats::Value& state);

/// An argument that is one thing in a saved state and another in a schedule's own.
struct ScheduleDifference {
  std::string schedule;  ///< "CosineAnnealingLR"
  std::string argument;  ///< "T_max"
  formats::Value saved;
  formats::Value own;

  /// Whether the saved number is the smaller one.
  bool is_less() const;
};

/// What `LRScheduler::load_state_dict(saved)` replaces beside the place at which the schedule stands, for two states for
/// which `is_same_schedule` is true.
std::vector<ScheduleDifference> differences(const formats::Value& saved, const formats::Value& own);

}  // namespace torch_ext
