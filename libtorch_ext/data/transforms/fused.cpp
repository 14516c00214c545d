#include "libtorch_ext/data/transforms/fused.h"

#include <cmath>
#include <vector>

#include "libtorch_ext/data/transforms/crop.h"
#include "libtorch_ext/data/transforms/functional/geometry.h"
#include "libtorch_ext/data/transforms/to_tensor.h"

namespace torch_ext::transforms {
namespace {

void flatten(const Transform& transform, std::vector<const Transform*>& steps) {
  const auto* compose = dynamic_cast<const Compose*>(&transform);
  if (!compose) return steps.push_back(&transform);
  for (const auto& step : compose->steps()) flatten(*step, steps);
}

// Steps that are taken off the front one by one.
class Steps {
 public:
  explicit Steps(const Transform& transform) { flatten(transform, steps_); }

  template <class Step>
  const Step* take() {
    const auto* step = next_ < steps_.size() ? dynamic_cast<const Step*>(steps_[next_]) : nullptr;
    if (step) ++next_;
    return step;
  }
  bool empty() const { return next_ == steps_.size(); }

 private:
  std::vector<const Transform*> steps_;
  size_t next_ = 0;
};

template <class Options>
bool is_triangle(const Options& options) {
  return options.interpolation == InterpolationMode::kBilinear && options.antialias;
}

// A number for each channel; false where there are not as many.
bool spread(const std::vector<double>& from, ColorMode mode, std::array<float, 3>& to) {
  if (from.size() != 1 && from.size() != static_cast<size_t>(channels_of(mode))) return false;
  for (size_t c = 0; c < 3; ++c) to[c] = static_cast<float>(from[from.size() == 1 ? 0 : c]);
  return true;
}

// Where torchvision's CenterCrop begins.
int64_t middle(int64_t there, int64_t wanted) {
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(there - wanted) / 2));
}

}  // namespace

std::optional<Fused> Fused::recognise(const Transform& transform, ColorMode mode) {
  Steps steps(transform);
  Fused fused;
  fused.mode_ = mode;
  if ((fused.random_crop_ = steps.take<RandomResizedCrop>())) {
    if (!is_triangle(fused.random_crop_->options())) return std::nullopt;
    fused.out_ = fused.random_crop_->size();
  } else if ((fused.resize_ = steps.take<Resize>())) {
    const auto& options = fused.resize_->options();
    if (!is_triangle(options) || options.max_size) return std::nullopt;
    fused.out_ = options.size;
    const auto* crop = steps.take<CenterCrop>();
    if (!crop && options.size.single) return std::nullopt;
    if (crop) {
      if (crop->size().height > options.size.height || crop->size().width > options.size.width) return std::nullopt;
      fused.out_ = crop->size();
    }
  } else {
    return std::nullopt;
  }
  fused.flip_ = steps.take<RandomHorizontalFlip>();
  if (!steps.take<ToTensor>()) return std::nullopt;
  if (const auto* normalize = steps.take<Normalize>()) {
    if (!spread(normalize->mean(), mode, fused.mean_) || !spread(normalize->std(), mode, fused.std_))
      return std::nullopt;
  }
  if (!steps.empty()) return std::nullopt;
  return fused;
}

CropResize Fused::plan(int64_t height, int64_t width, Random& random) const {
  CropResize plan{.height = out_.height, .width = out_.width, .mode = mode_, .mean = mean_, .std = std_};
  if (random_crop_) {
    plan.crop = random_crop_->box(height, width, random);
  } else {
    plan.crop = {0, 0, height, width};
    const Size size = functional::resized_size(height, width, resize_->size());
    plan.height = size.height;
    plan.width = size.width;
    plan.window = {middle(size.height, out_.height), middle(size.width, out_.width), out_.height, out_.width};
  }
  plan.flip = flip_ && flip_->flips(random);
  return plan;
}

}  // namespace torch_ext::transforms
