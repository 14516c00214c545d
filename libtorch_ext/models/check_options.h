#pragma once

#include "libtorch_ext/models/options.h"

namespace torch_ext::detail {

/// Throws a `c10::ValueError` naming `model` where `num_classes` isn't positive, or `in_channels` isn't 3: for the
/// models that, as in torchvision, take RGB images only.
void check_rgb_options(const char* model, const ModelOptions& options);

}  // namespace torch_ext::detail
