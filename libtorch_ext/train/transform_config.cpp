#include "libtorch_ext/train/transform_config.h"

#include "libtorch_ext/data/transforms/color_jitter.h"
#include "libtorch_ext/data/transforms/crop.h"
#include "libtorch_ext/data/transforms/flip.h"
#include "libtorch_ext/data/transforms/grayscale.h"
#include "libtorch_ext/data/transforms/rand_augment.h"
#include "libtorch_ext/data/transforms/random_erasing.h"
#include "libtorch_ext/data/transforms/random_resized_crop.h"
#include "libtorch_ext/data/transforms/random_rotation.h"
#include "libtorch_ext/data/transforms/resize.h"

namespace torch_ext {
namespace {

using TransformPtr = std::shared_ptr<const transforms::Transform>;

std::array<double, 2> range(const std::vector<double>& numbers) { return {numbers.front(), numbers.back()}; }

TransformPtr make(const RandomHorizontalFlipConfig& c) { return std::make_shared<transforms::RandomHorizontalFlip>(c.p); }
TransformPtr make(const RandomVerticalFlipConfig& c) { return std::make_shared<transforms::RandomVerticalFlip>(c.p); }
TransformPtr make(const RandomCropConfig& c) {
  return std::make_shared<transforms::RandomCrop>(
      transforms::RandomCropOptions{.size = c.size, .padding = c.padding, .pad_if_needed = c.pad_if_needed, .fill = c.fill});
}
TransformPtr make(const RandomResizedCropConfig& c) {
  return std::make_shared<transforms::RandomResizedCrop>(
      transforms::RandomResizedCropOptions{.size = c.size, .scale = range(c.scale), .ratio = range(c.ratio)});
}
TransformPtr make(const RandomErasingConfig& c) {
  return std::make_shared<transforms::RandomErasing>(transforms::RandomErasingOptions{
      .p = c.p, .scale = range(c.scale), .ratio = range(c.ratio), .value = c.value});
}
TransformPtr make(const RandomRotationConfig& c) {
  return std::make_shared<transforms::RandomRotation>(
      transforms::RandomRotationOptions{.degrees = c.degrees, .fill = c.fill});
}
TransformPtr make(const ColorJitterConfig& c) {
  return std::make_shared<transforms::ColorJitter>(transforms::ColorJitterOptions{
      .brightness = c.brightness, .contrast = c.contrast, .saturation = c.saturation, .hue = c.hue});
}
TransformPtr make(const RandAugmentConfig& c) {
  return std::make_shared<transforms::RandAugment>(
      transforms::RandAugmentOptions{.num_ops = c.num_ops, .magnitude = c.magnitude});
}
TransformPtr make(const GrayscaleConfig& c) { return std::make_shared<transforms::Grayscale>(c.num_output_channels); }
TransformPtr make(const ResizeConfig& c) { return std::make_shared<transforms::Resize>(transforms::Size(c.size)); }
TransformPtr make(const CenterCropConfig& c) { return std::make_shared<transforms::CenterCrop>(transforms::Size(c.size)); }

}  // namespace

std::shared_ptr<const transforms::Transform> make_transform(const TransformConfig& config) {
  return std::visit([](const auto& c) { return make(c); }, config);
}

}  // namespace torch_ext
