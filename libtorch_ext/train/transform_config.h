#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"

namespace torch_ext {

namespace transforms {
class Transform;
}  // namespace transforms

/// Elements of "augment": torchvision's transforms by name, with Python's arguments. See `data/transforms`.
struct RandomHorizontalFlipConfig {
  static constexpr const char* kName = "RandomHorizontalFlip";
  double p = 0.5;
};

struct RandomVerticalFlipConfig {
  static constexpr const char* kName = "RandomVerticalFlip";
  double p = 0.5;
};

struct RandomCropConfig {
  static constexpr const char* kName = "RandomCrop";
  int64_t size = 28;
  int64_t padding = 0;
  bool pad_if_needed = false;
  double fill = 0;
};

struct RandomResizedCropConfig {
  static constexpr const char* kName = "RandomResizedCrop";
  int64_t size = 224;
  std::vector<double> scale = {0.08, 1.0};
  std::vector<double> ratio = {3.0 / 4, 4.0 / 3};
};

struct RandomErasingConfig {
  static constexpr const char* kName = "RandomErasing";
  double p = 0.5;
  std::vector<double> scale = {0.02, 0.33};
  std::vector<double> ratio = {0.3, 3.3};
  double value = 0;
};

struct RandomRotationConfig {
  static constexpr const char* kName = "RandomRotation";
  double degrees = 10;
  double fill = 0;
};

struct ColorJitterConfig {
  static constexpr const char* kName = "ColorJitter";
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;
};

struct RandAugmentConfig {
  static constexpr const char* kName = "RandAugment";
  int64_t num_ops = 2;
  int64_t magnitude = 9;
};

struct GrayscaleConfig {
  static constexpr const char* kName = "Grayscale";
  int64_t num_output_channels = 1;
};

struct ResizeConfig {
  static constexpr const char* kName = "Resize";
  int64_t size = 256;
};

struct CenterCropConfig {
  static constexpr const char* kName = "CenterCrop";
  int64_t size = 224;
};

using TransformConfig =
    std::variant<RandomHorizontalFlipConfig, RandomVerticalFlipConfig, RandomCropConfig, RandomResizedCropConfig,
                 RandomErasingConfig, RandomRotationConfig, ColorJitterConfig, RandAugmentConfig, GrayscaleConfig,
                 ResizeConfig, CenterCropConfig>;

template <class Visitor>
void describe(Visitor& v, RandomHorizontalFlipConfig& c) {
  v.field("p", c.p, config::between(0, 1), "the share of images that are mirrored");
}

template <class Visitor>
void describe(Visitor& v, RandomVerticalFlipConfig& c) {
  v.field("p", c.p, config::between(0, 1), "the share of images that are mirrored");
}

template <class Visitor>
void describe(Visitor& v, RandomCropConfig& c) {
  v.field("size", c.size, config::at_least(1), "of each side, in pixels");
  v.field("padding", c.padding, config::at_least(0), "pixels added on every side first");
  v.field("pad_if_needed", c.pad_if_needed, {}, "adds, too, what an image is too small by; otherwise an error");
  v.field("fill", c.fill, {}, "the added pixels, in [0, 1]");
}

template <class Visitor>
void describe(Visitor& v, RandomResizedCropConfig& c) {
  v.field("size", c.size, config::at_least(1), "of each side of the result, in pixels");
  v.field("scale", c.scale, config::above(0), "least and largest part of the area");
  v.field("ratio", c.ratio, config::above(0), "least and largest width / height");
}

template <class Visitor>
void describe(Visitor& v, RandomErasingConfig& c) {
  v.field("p", c.p, config::between(0, 1), "the share of images that are erased");
  v.field("scale", c.scale, config::between(0, 1), "least and largest part of the area");
  v.field("ratio", c.ratio, config::above(0), "least and largest height / width");
  v.field("value", c.value, {}, "what is written, in [0, 1]");
}

template <class Visitor>
void describe(Visitor& v, RandomRotationConfig& c) {
  v.field("degrees", c.degrees, config::at_least(0), "either way");
  v.field("fill", c.fill, {}, "pixels from outside, in [0, 1]");
}

template <class Visitor>
void describe(Visitor& v, ColorJitterConfig& c) {
  v.field("brightness", c.brightness, config::at_least(0), "times a number from 1 - brightness to 1 + brightness");
  v.field("contrast", c.contrast, config::at_least(0), "likewise");
  v.field("saturation", c.saturation, config::at_least(0), "likewise");
  v.field("hue", c.hue, config::between(0, 0.5), "turned by so much of the colour circle, either way");
}

template <class Visitor>
void describe(Visitor& v, RandAugmentConfig& c) {
  v.field("num_ops", c.num_ops, config::at_least(1), "how many changes an image goes through");
  v.field("magnitude", c.magnitude, config::between(0, 30), "how strong they are");
}

template <class Visitor>
void describe(Visitor& v, GrayscaleConfig& c) {
  v.field("num_output_channels", c.num_output_channels, config::between(1, 3), "1, or 3 equal ones");
}

template <class Visitor>
void describe(Visitor& v, ResizeConfig& c) {
  v.field("size", c.size, config::at_least(1), "of the shorter side");
}

template <class Visitor>
void describe(Visitor& v, CenterCropConfig& c) {
  v.field("size", c.size, config::at_least(1), "of each side, in pixels");
}

/// The transform that a config names.
std::shared_ptr<const transforms::Transform> make_transform(const TransformConfig& config);

}  // namespace torch_ext
