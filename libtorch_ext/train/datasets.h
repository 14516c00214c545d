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
  std::vector<std::string> notes;        ///< what is left out, a line each: classes by a limit, files that are no pictures
};

/// The datasets that a config names: float32 [C, H, W], normalised, and int64 []. Test labels are the training classes'
/// numbers.
///
/// Throws `ConfigError` where data and config, or training and test data, don't agree: classes by name, channels, sizes,
/// crops, a folder that is empty or not there (see `folder_check.h`, `picture_check.h`); `DataError` for files that
/// can't be read.
RunDatasets make_datasets(const TrainConfig& config);

}  // namespace torch_ext
