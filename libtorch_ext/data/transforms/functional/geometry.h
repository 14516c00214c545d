#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "libtorch_ext/data/transforms/interpolation.h"
#include "libtorch_ext/data/transforms/padding.h"
#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/image/image.h"

/// torchvision's `transforms.functional` on tensors: the same names, arguments and numbers. An image is
/// [..., C, H, W], mostly [C, H, W]; none is changed in place, but what comes out may share its memory.
/// Wrong arguments are a `c10::ValueError`.
namespace torch_ext::transforms::functional {

/// Mirrored left to right; top to bottom.
at::Tensor hflip(const at::Tensor& image);
at::Tensor vflip(const at::Tensor& image);

/// The part `box` of the image; 0 where the box is outside.
at::Tensor crop(const at::Tensor& image, const Box& box);
/// The middle of the image; an image that is smaller than `size` is surrounded by 0.
at::Tensor center_crop(const at::Tensor& image, const Size& size);

/// With pixels added around; negative numbers take away. `fill` is for `PaddingMode::kConstant`.
at::Tensor pad(const at::Tensor& image, const Padding& padding, double fill = 0,
               PaddingMode padding_mode = PaddingMode::kConstant);

/// Height and width of an image [height, width] after `resize`.
Size resized_size(int64_t height, int64_t width, const Size& size, std::optional<int64_t> max_size = {});

/// In another size. One number: the shorter side becomes `size` and the longer one keeps the image's shape, rounded
/// down; it never exceeds `max_size`, then the shorter side is below `size`. The image itself where it has the size.
///
/// `antialias` weights all pixels that a new one covers, as Pillow does; without, detail aliases where an image is
/// made much smaller. uint8 images are computed in fixed point: bit for bit torchvision's `v2.functional.resize`,
/// which is within 1 of `functional.resize` and of Pillow.
at::Tensor resize(const at::Tensor& image, const Size& size,
                  InterpolationMode interpolation = InterpolationMode::kBilinear, std::optional<int64_t> max_size = {},
                  bool antialias = true);

/// `crop`, then `resize`.
at::Tensor resized_crop(const at::Tensor& image, const Box& box, const Size& size,
                        InterpolationMode interpolation = InterpolationMode::kBilinear, bool antialias = true);

}  // namespace torch_ext::transforms::functional
