#pragma once

#include <optional>
#include <string>

#include "libtorch_ext/data/datasets/image_folder.h"
#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/train/data_part.h"

/// What pictures must fulfil before a run begins. All of these throw `ConfigError`, at the key that helps.
namespace torch_ext {

/// How an image folder is decoded: in grey where the model takes one channel, unless a Grayscale is to make it of
/// colours.
ColorMode color_mode(const TrainConfig& config, const DataPart& part);

/// That pictures of so many channels leave the transforms with `model.in_channels`.
void check_channels(const TrainConfig& config, const DataPart& part, int64_t channels);

/// That the picture called `name` is as large as the transforms' crops; returns the size that it leaves them with.
transforms::Size check_crops(const TrainConfig& config, const DataPart& part, const std::string& name,
                             const transforms::Size& size);

/// That the pictures of a folder are grey where they are decoded so, as large as the crops, and in batches leave the
/// transforms with one size. Returns that size; nothing where they may differ.
///
/// Headers are read only where it depends on the pictures: not in colour with transforms that bring all to one size.
/// Of a large folder, those of 1000 pictures, evenly spread.
std::optional<transforms::Size> check_pictures(const TrainConfig& config, const DataPart& part,
                                               const ImageFolder& folder);

/// The error for two pictures that leave the transforms with different sizes.
ConfigError size_error(const TrainConfig& config, const DataPart& part, const std::string& name,
                       const transforms::Size& size, const std::string& other_name,
                       const transforms::Size& other_size);

}  // namespace torch_ext
