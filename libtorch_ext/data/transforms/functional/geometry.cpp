#include "libtorch_ext/data/transforms/functional/geometry.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "libtorch_ext/data/transforms/functional/check.h"

namespace torch_ext::transforms::functional {

at::Tensor hflip(const at::Tensor& image) {
  check_image("hflip", image);
  return image.flip(-1);
}

at::Tensor vflip(const at::Tensor& image) {
  check_image("vflip", image);
  return image.flip(-2);
}

at::Tensor crop(const at::Tensor& image, const Box& box) {
  check_image("crop", image);
  TORCH_CHECK_VALUE(box.height >= 0 && box.width >= 0, "crop: the box is ", box.height, " x ", box.width,
                    "; expected a height and width of at least 0");
  const int64_t height = image.size(-2);
  const int64_t width = image.size(-1);
  const auto inside = [](int64_t position, int64_t size) { return std::clamp<int64_t>(position, 0, size); };
  const int64_t top = inside(box.top, height);
  const int64_t left = inside(box.left, width);
  const int64_t bottom = inside(box.top + box.height, height);
  const int64_t right = inside(box.left + box.width, width);
  const at::Tensor part = image.slice(-2, top, bottom).slice(-1, left, right);
  if (bottom - top == box.height && right - left == box.width) return part;
  const int64_t above = std::min(top - std::min(box.top, top), box.height);
  const int64_t before = std::min(left - std::min(box.left, left), box.width);
  return functional::pad(part,
                         {before, above, box.width - before - (right - left), box.height - above - (bottom - top)});
}

at::Tensor center_crop(const at::Tensor& image, const Size& size) {
  check_image("center_crop", image);
  check_size("center_crop", size);
  const auto missing = [](int64_t wanted, int64_t there) { return std::max<int64_t>(wanted - there, 0); };
  const int64_t rows = missing(size.height, image.size(-2));
  const int64_t columns = missing(size.width, image.size(-1));
  const at::Tensor padded = rows > 0 || columns > 0
                                ? functional::pad(image, {columns / 2, rows / 2, (columns + 1) / 2, (rows + 1) / 2})
                                : image;
  const auto middle = [](int64_t there, int64_t wanted) {
    return static_cast<int64_t>(std::nearbyint(static_cast<double>(there - wanted) / 2));
  };
  return crop(padded,
              {middle(padded.size(-2), size.height), middle(padded.size(-1), size.width), size.height, size.width});
}

Size resized_size(int64_t height, int64_t width, const Size& size, std::optional<int64_t> max_size) {
  TORCH_CHECK_VALUE(!max_size || size.single, "resize: max_size is given with the size ", to_tuple(size),
                    "; expected one number, for the shorter side");
  if (!size.single) return size;
  TORCH_CHECK_VALUE(!max_size || *max_size > size.height, "resize: max_size is ", *max_size,
                    "; expected a number above the shorter side's ", size.height);
  TORCH_CHECK_VALUE(height > 0 && width > 0, "resize: the image is ", height, " x ", width, "; expected pixels");
  const auto scaled = [](int64_t side, int64_t numerator, int64_t denominator) {
    return static_cast<int64_t>(static_cast<double>(side * numerator) / static_cast<double>(denominator));
  };
  int64_t shorter = size.height;
  int64_t longer = scaled(shorter, std::max(height, width), std::min(height, width));
  if (max_size && longer > *max_size) {
    shorter = scaled(*max_size, shorter, longer);
    longer = *max_size;
  }
  return width <= height ? Size{longer, shorter} : Size{shorter, longer};
}

namespace {

at::Tensor interpolate(const at::Tensor& image, at::IntArrayRef size, InterpolationMode mode, bool antialias) {
  switch (mode) {
    case InterpolationMode::kNearest:
      return at::upsample_nearest2d(image, size);
    case InterpolationMode::kNearestExact:
      return at::_upsample_nearest_exact2d(image, size);
    case InterpolationMode::kBilinear:
      return antialias ? at::_upsample_bilinear2d_aa(image, size, false) : at::upsample_bilinear2d(image, size, false);
    case InterpolationMode::kBicubic:
      return antialias ? at::_upsample_bicubic2d_aa(image, size, false) : at::upsample_bicubic2d(image, size, false);
  }
  return {};
}

// [C, H, W] as [1, C, H, W]. Decoded images mostly lie in memory as [H, W, C]; the kernels see that by the strides,
// among them that of the batch, which `unsqueeze` chooses otherwise.
at::Tensor as_batch(const at::Tensor& image) {
  const at::Tensor batch = image.reshape({-1, channels_of(image), image.size(-2), image.size(-1)});
  if (batch.size(0) != 1 || !batch.is_contiguous(at::MemoryFormat::ChannelsLast)) return batch;
  std::vector<int64_t> strides = batch.strides().vec();
  strides[0] = batch.numel();
  return batch.as_strided(batch.sizes(), strides);
}

}  // namespace

at::Tensor resize(const at::Tensor& image, const Size& size, InterpolationMode interpolation,
                  std::optional<int64_t> max_size, bool antialias) {
  check_image("resize", image);
  check_size("resize", size);
  const Size target = resized_size(image.size(-2), image.size(-1), size, max_size);
  if (target.height == image.size(-2) && target.width == image.size(-1)) return image;
  check_size("resize", target);
  TORCH_CHECK_VALUE(image.numel() > 0, "resize: the image is ", image.sizes(), "; expected pixels");
  const at::ScalarType dtype = image.scalar_type();
  at::Tensor batch = as_batch(image);
  const bool is_pixel = target.height == 1 && target.width == 1;  // LibTorch 2.11's uint8 kernel fails on it
  if (dtype != at::kFloat && dtype != at::kDouble && (dtype != at::kByte || is_pixel)) batch = batch.to(at::kFloat);
  at::Tensor result = interpolate(batch, {target.height, target.width}, interpolation, antialias);
  if (dtype == at::kByte && is_pixel) result.clamp_(0, 255);
  result = round_to(result, dtype);
  std::vector<int64_t> shape = image.sizes().vec();
  shape[shape.size() - 2] = target.height;
  shape.back() = target.width;
  return result.reshape(shape);
}

at::Tensor resized_crop(const at::Tensor& image, const Box& box, const Size& size, InterpolationMode interpolation,
                        bool antialias) {
  return resize(crop(image, box), size, interpolation, {}, antialias);
}

}  // namespace torch_ext::transforms::functional
