#include "libtorch_ext/data/transforms/functional/warp.h"

#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

#include "libtorch_ext/data/transforms/functional/check.h"

namespace torch_ext::transforms::functional {

namespace {

// [2, 3], row-major: from a place in the result to one in the image, both in pixels from the middle.
using Matrix = std::array<double, 6>;

double radians(double degrees) { return degrees * (std::numbers::pi / 180); }

// The inverse of: move by -center, shear, turn, scale, move by center and translate.
Matrix inverse_matrix(const AffineParameters& parameters, std::array<double, 2> center) {
  const double turn = radians(parameters.angle);
  const double shear_x = radians(parameters.shear[0]);
  const double shear_y = radians(parameters.shear[1]);
  const double a = std::cos(turn - shear_y) / std::cos(shear_y);
  const double b = -std::cos(turn - shear_y) * std::tan(shear_x) / std::cos(shear_y) - std::sin(turn);
  const double c = std::sin(turn - shear_y) / std::cos(shear_y);
  const double d = -std::sin(turn - shear_y) * std::tan(shear_x) / std::cos(shear_y) + std::cos(turn);
  const double scale = parameters.scale;
  Matrix matrix{d / scale, -b / scale, 0, -c / scale, a / scale, 0};
  const double x = -center[0] - parameters.translate[0];
  const double y = -center[1] - parameters.translate[1];
  matrix[2] = matrix[0] * x + matrix[1] * y + center[0];
  matrix[5] = matrix[3] * x + matrix[4] * y + center[1];
  return matrix;
}

std::array<double, 2> from_middle(const at::Tensor& image, const std::optional<std::array<double, 2>>& center) {
  if (!center) return {0, 0};
  return {(*center)[0] - static_cast<double>(image.size(-1)) * 0.5,
          (*center)[1] - static_cast<double>(image.size(-2)) * 0.5};
}

struct Extent {
  int64_t height, width;
};

// Of the box around the warped image; computed in float32, as torchvision does, so that it rounds alike.
Extent expanded(const Matrix& matrix, Extent size) {
  const double x = 0.5 * static_cast<double>(size.width);
  const double y = 0.5 * static_cast<double>(size.height);
  const at::Tensor corners = at::tensor({-x, -y, 1.0, -x, y, 1.0, x, y, 1.0, x, -y, 1.0}, at::kFloat).view({4, 3});
  const at::Tensor theta = at::tensor(c10::ArrayRef<double>(matrix.data(), matrix.size()), at::kFloat).view({2, 3});
  const at::Tensor warped = at::matmul(corners, theta.t());
  const at::Tensor middle = at::tensor({x, y}, at::kFloat);
  const double tolerance = 1e-4;
  const auto coarse = [&](const at::Tensor& place) {
    return place.add(middle).div_(tolerance).trunc_().mul_(tolerance);
  };
  const at::Tensor extent = coarse(warped.amax(0)).ceil_().sub_(coarse(warped.amin(0)).floor_());
  return {static_cast<int64_t>(extent[1].item<float>()), static_cast<int64_t>(extent[0].item<float>())};
}

// Where each pixel of the result comes from: [1, height, width, 2], x and y, the image reaching from -1 to 1.
at::Tensor grid(const Matrix& matrix, Extent from, Extent to, const at::TensorOptions& options) {
  const at::Tensor theta = at::tensor(c10::ArrayRef<double>(matrix.data(), matrix.size()), options).view({1, 2, 3});
  const auto axis = [&](int64_t size) {
    const double half = static_cast<double>(size) * 0.5;
    return at::linspace(-half + 0.5, half + 0.5 - 1, size, options.dtype(at::kFloat));
  };
  at::Tensor places = at::ones({1, to.height, to.width, 3}, options);
  places.select(-1, 0).copy_(axis(to.width));
  places.select(-1, 1).copy_(axis(to.height).unsqueeze(-1));
  const at::Tensor half =
      at::tensor({0.5 * static_cast<double>(from.width), 0.5 * static_cast<double>(from.height)}, options);
  return places.view({1, to.height * to.width, 3})
      .bmm(theta.transpose(1, 2).div(half))
      .view({1, to.height, to.width, 2});
}

at::Tensor warp(const char* subject, const at::Tensor& image, const Matrix& matrix, bool expand,
                const WarpOptions& options) {
  const int64_t channels = channels_of(image);
  const bool nearest = options.interpolation == InterpolationMode::kNearest;
  TORCH_CHECK_VALUE(nearest || options.interpolation == InterpolationMode::kBilinear, subject, ": interpolation is ",
                    value_of(options.interpolation), "; expected nearest or bilinear");
  const auto fills = static_cast<int64_t>(options.fill.size());
  TORCH_CHECK_VALUE(fills <= 1 || fills == channels, subject, ": fill has ", fills,
                    " values; expected one for each of the image's ", channels, " channels, or one for all");
  at::Tensor batch = to_float(image).reshape({-1, channels, image.size(-2), image.size(-1)});
  const Extent size{image.size(-2), image.size(-1)};
  const at::Tensor places = grid(matrix, size, expand ? expanded(matrix, size) : size, batch.options());
  if (fills > 0) batch = at::cat({batch, at::ones_like(batch.narrow(1, 0, 1))}, 1);
  const int64_t mode = nearest ? 1 : 0;
  at::Tensor result =
      at::grid_sampler(batch, places.expand({batch.size(0), -1, -1, -1}), mode, /*padding_mode=*/0, false);
  if (fills > 0) {
    const at::Tensor inside = result.narrow(1, channels, 1);
    const at::Tensor fill = at::tensor(options.fill, batch.options()).view({1, fills, 1, 1});
    result = result.narrow(1, 0, channels);
    result = nearest ? at::where(inside.lt(0.5), fill, result) : result.mul(inside).add_(at::rsub(inside, 1).mul(fill));
  }
  std::vector<int64_t> shape = image.sizes().vec();
  shape[shape.size() - 2] = result.size(-2);
  shape.back() = result.size(-1);
  return round_to(result, image.scalar_type()).reshape(shape);
}

}  // namespace

at::Tensor rotate(const at::Tensor& image, double angle, const WarpOptions& options, bool expand) {
  check_image("rotate", image);
  return warp("rotate", image, inverse_matrix({.angle = -angle}, from_middle(image, options.center)), expand, options);
}

at::Tensor affine(const at::Tensor& image, const AffineParameters& parameters, const WarpOptions& options) {
  check_image("affine", image);
  TORCH_CHECK_VALUE(parameters.scale > 0, "affine: scale is ", parameters.scale, "; expected a number above 0");
  return warp("affine", image, inverse_matrix(parameters, from_middle(image, options.center)), false, options);
}

}  // namespace torch_ext::transforms::functional
