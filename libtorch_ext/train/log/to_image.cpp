#include "libtorch_ext/train/log/to_image.h"

#include <torch/torch.h>

#include <algorithm>
#include <cctype>

namespace torch_ext {
namespace {

constexpr int64_t kColumns = 8;

at::Tensor in_order(const at::Tensor& tensor, const std::string& from, const std::string& to) {
  std::string sorted_from = from, sorted_to = to;
  std::sort(sorted_from.begin(), sorted_from.end());
  std::sort(sorted_to.begin(), sorted_to.end());
  TORCH_CHECK_VALUE(sorted_from == sorted_to && tensor.dim() == static_cast<int64_t>(from.size()),
                    "add_image: found a tensor of shape ", tensor.sizes(), " and dataformats \"", from,
                    "\", expected a dimension for each letter of \"HW\", \"CHW\" or \"NCHW\", in any order");
  std::vector<int64_t> dimensions;
  for (const char letter : to) dimensions.push_back(static_cast<int64_t>(from.find(letter)));
  return tensor.permute(dimensions);
}

// [N, C, H, W] to [3, rows * H, columns * W].
at::Tensor grid(at::Tensor images) {
  if (images.size(1) == 1) images = images.expand({-1, 3, -1, -1});
  TORCH_CHECK_VALUE(images.size(1) == 3 && images.size(0) > 0, "add_images: found ", images.size(0), " images of ",
                    images.size(1), " channels, expected one or more of 1 or 3");
  const int64_t count = images.size(0), height = images.size(2), width = images.size(3);
  const int64_t columns = std::min(count, kColumns), rows = (count + columns - 1) / columns;
  const at::Tensor canvas = at::zeros({rows * columns, 3, height, width}, images.options());
  canvas.narrow(0, 0, count).copy_(images);
  return canvas.view({rows, columns, 3, height, width})
      .permute({2, 0, 3, 1, 4})
      .reshape({3, rows * height, columns * width});
}

}  // namespace

Image to_image(const at::Tensor& tensor, std::string dataformats) {
  const torch::NoGradGuard no_grad;
  for (char& letter : dataformats) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  at::Tensor pixels = tensor.detach().cpu();
  if (pixels.scalar_type() != at::kByte) {
    pixels = pixels.to(at::kFloat).mul(255).nan_to_num(0, 255, 0).clamp(0, 255).to(at::kByte);
  }
  if (dataformats.size() == 4) {
    pixels = grid(in_order(pixels, dataformats, "NCHW")).permute({1, 2, 0});
  } else if (dataformats.size() == 2) {
    pixels = in_order(pixels, dataformats, "HW").unsqueeze(2);
  } else {
    pixels = in_order(pixels, dataformats, "HWC");
  }
  if (pixels.size(2) == 1) pixels = pixels.expand({-1, -1, 3});
  TORCH_CHECK_VALUE((pixels.size(2) == 3 || pixels.size(2) == 4) && pixels.numel() > 0,
                    "add_image: found a tensor of shape ", tensor.sizes(), " as \"", dataformats,
                    "\", expected pixels of 1, 3 or 4 channels");
  pixels = pixels.contiguous();
  const auto* bytes = pixels.const_data_ptr<uint8_t>();
  return {pixels.size(0), pixels.size(1), pixels.size(2), {bytes, bytes + pixels.numel()}};
}

}  // namespace torch_ext
