#pragma once

#include "libtorch_ext/data/datasets/image_folder.h"
#include "libtorch_ext/train/data_part.h"

/// What an image folder must fulfil before a run begins. All of these throw `ConfigError`, at the key that helps.
namespace torch_ext {

/// That the folders for training and test are there, and two.
void check_folders(const TrainConfig& config, const DataPart& train, const DataPart& test);

/// That the training folder has pictures of `model.num_classes` classes.
void check_train_classes(const TrainConfig& config, const DataPart& train, const ImageFolder& folder);

/// That the test folder has pictures of the training folder's classes, or with "subset" of some of them.
void check_test_classes(const TrainConfig& config, const DataPart& test, const ImageFolder& folder,
                        const DataPart& train, const ImageFolder& train_folder);

}  // namespace torch_ext
