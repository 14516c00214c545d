#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/train/config.h"

namespace torch_ext {

/// What a run trains and is tested on.
struct RunDatasets {
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> test;
  std::vector<std::string> class_names;  ///< the config's, or the folders'; empty: they have none
};

/// The datasets that a config names: float32 [C, H, W], normalised, and int64 []. Throws `DataError` for files that
/// aren't there or have more classes than the model.
RunDatasets make_datasets(const TrainConfig& config);

}  // namespace torch_ext
