#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libtorch_ext/train/config.h"

namespace torch_ext {

/// A half of the data, in the config's words.
struct DataPart {
  const char* name;            ///< "training"
  const char* steps_pointer;   ///< "/data/augment"
  const char* folder_pointer;  ///< "/data/train_folder"
  std::string folder;          ///< the folder of its classes
  std::vector<TransformConfig> steps;
  bool in_batches = true;  ///< of several samples, which must agree in size
};

inline DataPart train_part(const DataConfig& data) {
  return {"training",           "/data/augment", "/data/train_folder", data.root + "/" + data.train_folder, data.augment,
          data.batch_size != 1};
}

inline DataPart test_part(const DataConfig& data) {
  return {"test",
          "/data/test_transform",
          "/data/test_folder",
          data.root + "/" + data.test_folder,
          data.test_transform,
          data.eval_batch_size != 1};
}

}  // namespace torch_ext
