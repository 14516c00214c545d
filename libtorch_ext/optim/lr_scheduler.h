#pragma once

/// All schedules, as Python's module `torch.optim.lr_scheduler`.

#include "libtorch_ext/optim/lr_schedulers/chained_scheduler.h"
#include "libtorch_ext/optim/lr_schedulers/constant_lr.h"
#include "libtorch_ext/optim/lr_schedulers/cosine_annealing_lr.h"
#include "libtorch_ext/optim/lr_schedulers/cosine_annealing_warm_restarts.h"
#include "libtorch_ext/optim/lr_schedulers/cyclic_lr.h"
#include "libtorch_ext/optim/lr_schedulers/exponential_lr.h"
#include "libtorch_ext/optim/lr_schedulers/lambda_lr.h"
#include "libtorch_ext/optim/lr_schedulers/linear_lr.h"
#include "libtorch_ext/optim/lr_schedulers/multi_step_lr.h"
#include "libtorch_ext/optim/lr_schedulers/one_cycle_lr.h"
#include "libtorch_ext/optim/lr_schedulers/polynomial_lr.h"
#include "libtorch_ext/optim/lr_schedulers/reduce_lr_on_plateau.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler.h"
#include "libtorch_ext/optim/lr_schedulers/sequential_lr.h"
#include "libtorch_ext/optim/lr_schedulers/step_lr.h"
