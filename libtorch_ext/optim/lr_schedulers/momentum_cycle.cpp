#include "libtorch_ext/optim/lr_schedulers/momentum_cycle.h"

#include <torch/optim/optimizer.h>

#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"
#include "libtorch_ext/optim/momentum.h"

namespace torch_ext {

size_t MomentumCycle::group_count() const { return optimizer().param_groups().size(); }

void MomentumCycle::begin_momentum(bool cycle_momentum, const PerGroup& base_momentum, const PerGroup& max_momentum,
                                   int64_t last_epoch) {
  cycle_momentum_ = cycle_momentum;
  if (!cycle_momentum) return;
  const MomentumKind kind = momentum_kind(optimizer().defaults());
  TORCH_CHECK_VALUE(kind != MomentumKind::kNone,
                    "cycle_momentum: found an optimizer without momentum and betas, expected one with; set "
                    "cycle_momentum = false, or derive its options from MomentumOptions");
  knows_momentum_ = true;
  use_beta1_ = kind == MomentumKind::kBeta1;
  base_momentums_ = base_momentum.expand("base_momentum", group_count());
  max_momentums_ = max_momentum.expand("max_momentum", group_count());
  if (last_epoch != -1) return;
  for (size_t i = 0; i < group_count(); ++i) {
    set_group_momentum(i, max_momentums_[i]);
    groups()[i].max_momentum = max_momentums_[i];
    groups()[i].base_momentum = base_momentums_[i];
  }
}

void MomentumCycle::set_group_momentum(size_t group, double momentum) {
  set_momentum(optimizer().param_groups().at(group).options(), momentum);
}

void MomentumCycle::momentum_fields(SchedulerFields& fields) {
  fields.flag("cycle_momentum", cycle_momentum_);
  if (knows_momentum_) fields.written("use_beta1", use_beta1_);
  const formats::Value* cycles = fields.find("cycle_momentum");
  if (!cycles || !*cycles->as<bool>()) return;
  const MomentumKind kind = momentum_kind(optimizer().defaults());
  const bool has_beta1 = kind == MomentumKind::kBeta1;
  if (kind == MomentumKind::kNone) fields.fail("cycle_momentum", true, "False: the optimizer has no momentum or betas");
  const formats::Value* saved = fields.find("use_beta1");
  if (saved && (!saved->as<bool>() || *saved->as<bool>() != has_beta1)) {
    fields.fail("use_beta1", *saved, has_beta1 ? "True: the optimizer has betas" : "False: the optimizer has momentum");
  }
  fields.later([this, has_beta1] {
    use_beta1_ = has_beta1;
    knows_momentum_ = true;
  });
}

}  // namespace torch_ext
