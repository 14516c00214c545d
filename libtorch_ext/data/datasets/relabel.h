#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// The same samples under other class numbers: torchvision's `target_transform` as a table. `labels[i]` is what class i
/// is called now; a sample's class is its second tensor, int64 []. Where the classes keep their numbers, `dataset`
/// itself.
///
///     tx::relabel(test, {1, 2})   // its classes 0 and 1 are another dataset's 1 and 2
std::shared_ptr<const Dataset> relabel(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> labels);

}  // namespace torch_ext
