#pragma once

// Everything of the library at once; each header also stands alone.

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/checkpoint.h"
#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/folder.h"
#include "libtorch_ext/checkpoint/load_tensors.h"
#include "libtorch_ext/checkpoint/manager.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/checkpoint/rng_state.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/checkpoint/whole_model.h"
#include "libtorch_ext/core/error.h"
#include "libtorch_ext/core/version.h"
#include "libtorch_ext/data/error.h"
#include "libtorch_ext/data/datasets/image_dataset.h"
#include "libtorch_ext/data/loader.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/device/pick_device.h"
#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/models/resnet.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/optim/adamw.h"
#include "libtorch_ext/optim/lr_scheduler.h"
#include "libtorch_ext/train/epoch.h"
#include "libtorch_ext/train/run.h"
