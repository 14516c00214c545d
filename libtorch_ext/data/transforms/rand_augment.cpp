#include "libtorch_ext/data/transforms/rand_augment.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/data/transforms/augmentation.h"
#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

namespace {

functional::WarpOptions warp_options(InterpolationMode interpolation, const std::optional<Fill>& fill) {
  return {interpolation, fill ? fill->values : std::vector<double>{}, {}};
}

std::string tail(InterpolationMode interpolation, const std::optional<Fill>& fill) {
  return std::string(", interpolation=") + name_of(interpolation) + ", fill=" + (fill ? to_text(*fill) : "None") + ")";
}

const Augmentation& drawn(const std::vector<Augmentation>& all, Random& random) {
  return all[static_cast<size_t>(random.below(static_cast<int64_t>(all.size())))];
}

double with_sign(const Augmentation& augmentation, double magnitude, Random& random) {
  return augmentation.is_signed && random.chance(0.5) ? -magnitude : magnitude;
}

}  // namespace

RandAugment::RandAugment(RandAugmentOptions options) : options_(std::move(options)) {
  TORCH_CHECK_VALUE(options_.num_ops >= 0, "RandAugment: num_ops is ", options_.num_ops, "; expected at least 0");
  TORCH_CHECK_VALUE(options_.num_magnitude_bins > 1, "RandAugment: num_magnitude_bins is ", options_.num_magnitude_bins,
                    "; expected at least 2");
  TORCH_CHECK_VALUE(options_.magnitude >= 0 && options_.magnitude < options_.num_magnitude_bins,
                    "RandAugment: magnitude is ", options_.magnitude, "; expected a bin, 0 to ",
                    options_.num_magnitude_bins - 1);
}

at::Tensor RandAugment::operator()(const at::Tensor& image, Random& random) const {
  functional::check_channels("RandAugment", image, {1, 3});
  const auto all = rand_augmentations(image.size(-2), image.size(-1));
  const auto warp = warp_options(options_.interpolation, options_.fill);
  at::Tensor result = image;
  for (int64_t i = 0; i < options_.num_ops; ++i) {
    const Augmentation& augmentation = drawn(all, random);
    const size_t bin = augmentation.has_levels ? static_cast<size_t>(options_.magnitude) : 0;
    const double magnitude = augmentation.magnitudes(options_.num_magnitude_bins)[bin];
    result = augmented(result, augmentation.name, with_sign(augmentation, magnitude, random), warp);
  }
  return result;
}

std::string RandAugment::repr() const {
  return "RandAugment(num_ops=" + std::to_string(options_.num_ops) +
         ", magnitude=" + std::to_string(options_.magnitude) +
         ", num_magnitude_bins=" + std::to_string(options_.num_magnitude_bins) +
         tail(options_.interpolation, options_.fill);
}

TrivialAugmentWide::TrivialAugmentWide(TrivialAugmentWideOptions options) : options_(std::move(options)) {
  TORCH_CHECK_VALUE(options_.num_magnitude_bins > 1, "TrivialAugmentWide: num_magnitude_bins is ",
                    options_.num_magnitude_bins, "; expected at least 2");
}

at::Tensor TrivialAugmentWide::operator()(const at::Tensor& image, Random& random) const {
  functional::check_channels("TrivialAugmentWide", image, {1, 3});
  const auto all = wide_augmentations();
  const Augmentation& augmentation = drawn(all, random);
  const auto magnitudes = augmentation.magnitudes(options_.num_magnitude_bins);
  const double magnitude =
      augmentation.has_levels ? magnitudes[static_cast<size_t>(random.below(options_.num_magnitude_bins))] : 0;
  return augmented(image, augmentation.name, with_sign(augmentation, magnitude, random),
                   warp_options(options_.interpolation, options_.fill));
}

std::string TrivialAugmentWide::repr() const {
  return "TrivialAugmentWide(num_magnitude_bins=" + std::to_string(options_.num_magnitude_bins) +
         tail(options_.interpolation, options_.fill);
}

}  // namespace torch_ext::transforms
