#include "libtorch_ext/data/transforms/crop.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/geometry.h"

namespace torch_ext::transforms {

CenterCrop::CenterCrop(Size size) : size_(size) { check_size("CenterCrop", size_); }

at::Tensor CenterCrop::operator()(const at::Tensor& image, Random&) const {
  return functional::center_crop(image, size_);
}

std::string CenterCrop::repr() const { return "CenterCrop(size=" + to_tuple(size_) + ")"; }

RandomCrop::RandomCrop(RandomCropOptions options) : options_(options) { check_size("RandomCrop", options_.size); }

Box RandomCrop::box(int64_t height, int64_t width, Random& random) const {
  const Size& size = options_.size;
  TORCH_CHECK_VALUE(height >= size.height && width >= size.width, "RandomCrop: the image is ", height, " x ", width,
                    ", padding included; expected at least the size ", to_tuple(size), " (or pad_if_needed)");
  if (height == size.height && width == size.width) return {0, 0, height, width};
  const int64_t top = random.below(height - size.height + 1);
  const int64_t left = random.below(width - size.width + 1);
  return {top, left, size.height, size.width};
}

at::Tensor RandomCrop::operator()(const at::Tensor& image, Random& random) const {
  functional::check_image("RandomCrop", image);
  const auto padded = [this](const at::Tensor& part, const Padding& padding) {
    return functional::pad(part, padding, options_.fill, options_.padding_mode);
  };
  at::Tensor result = options_.padding ? padded(image, *options_.padding) : image;
  const int64_t columns = options_.size.width - result.size(-1);
  if (options_.pad_if_needed && columns > 0) result = padded(result, {columns, 0});
  const int64_t rows = options_.size.height - result.size(-2);
  if (options_.pad_if_needed && rows > 0) result = padded(result, {0, rows});
  return functional::crop(result, box(result.size(-2), result.size(-1), random));
}

std::string RandomCrop::repr() const {
  return "RandomCrop(size=" + to_tuple(options_.size) +
         ", padding=" + (options_.padding ? to_text(*options_.padding) : "None") + ")";
}

}  // namespace torch_ext::transforms
