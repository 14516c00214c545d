#include "libtorch_ext/data/transforms/mixup.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace torch_ext::transforms {

namespace {

void check_options(const char* subject, const MixOptions& options) {
  TORCH_CHECK_VALUE(options.alpha > 0 && std::isfinite(options.alpha), subject, ": alpha is ", options.alpha,
                    "; expected a number above 0");
  TORCH_CHECK_VALUE(options.num_classes.value_or(1) > 0, subject, ": num_classes is ", options.num_classes.value_or(1),
                    "; expected a number above 0");
}

// The logarithm of a number of the gamma distribution: Marsaglia and Tsang, "A simple method for generating gamma
// variables", 2000; its logarithm, because for a small `shape` the number itself is mostly too small for a double.
double log_gamma_number(double shape, Random& random) {
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
  const double boost = shape < 1 ? std::log1p(-random.uniform()) / shape : 0;
  while (true) {
    const double x = random.normal();
    const double v = std::pow(1 + x / std::sqrt(9 * d), 3);
    if (v > 0 && std::log1p(-random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return std::log(d * v) + boost;
    }
  }
}

double beta_number(double alpha, Random& random) {
  if (alpha == 1) return random.uniform();
  const double first = log_gamma_number(alpha, random);
  const double second = log_gamma_number(alpha, random);
  return 1 / (1 + std::exp(second - first));
}

void check_batch(const char* subject, const Batch& batch, const MixOptions& options) {
  TORCH_CHECK_VALUE(batch.data.defined() && batch.data.dim() == 4, subject, ": data is ",
                    batch.data.defined() ? batch.data.sizes() : at::IntArrayRef{}, "; expected [B, C, H, W]");
  const at::Tensor& target = batch.target;
  TORCH_CHECK_VALUE(target.defined() && (target.dim() == 1 || target.dim() == 2), subject, ": target is ",
                    target.defined() ? target.sizes() : at::IntArrayRef{}, "; expected [B] or [B, num_classes]");
  TORCH_CHECK_VALUE(target.size(0) == batch.data.size(0), subject, ": target is ", target.sizes(), " and data ",
                    batch.data.sizes(), "; expected as many samples");
  TORCH_CHECK_VALUE(target.dim() == 2 || options.num_classes, subject,
                    ": num_classes is not given; expected it for targets that are class numbers");
  TORCH_CHECK_VALUE(target.dim() == 1 || target.size(1) == options.num_classes.value_or(target.size(1)), subject,
                    ": target is ", target.sizes(), "; expected ", options.num_classes.value_or(0), " classes");
  TORCH_CHECK_VALUE(target.dim() == 2 || target.scalar_type() == at::kLong, subject, ": target is ",
                    target.scalar_type(), "; expected Long (int64) class numbers");
}

at::Tensor before(const at::Tensor& samples) { return samples.roll(1, 0); }

at::Tensor mixed_target(const char* subject, const at::Tensor& target, const MixOptions& options, double share) {
  at::Tensor shares = target;
  if (target.dim() == 1) {
    const int64_t classes = *options.num_classes;
    TORCH_CHECK_VALUE(!at::logical_or(target.lt(0), target.ge(classes)).any().item<bool>(), subject,
                      ": target has numbers from ", target.min().item<int64_t>(), " to ", target.max().item<int64_t>(),
                      "; expected classes from 0 to ", classes - 1);
    shares = at::one_hot(target, classes);
  }
  if (!shares.is_floating_point()) shares = shares.to(at::kFloat);
  return before(shares).mul_(1 - share).add_(shares.mul(share));
}

}  // namespace

MixUp::MixUp(MixOptions options) : options_(options) { check_options("MixUp", options_); }

double MixUp::share(Random& random) const { return beta_number(options_.alpha, random); }

Batch MixUp::mixed(const Batch& batch, double share) const {
  check_batch("MixUp", batch, options_);
  TORCH_CHECK_VALUE(batch.data.is_floating_point(), "MixUp: data is ", batch.data.scalar_type(),
                    "; expected floating point (ToTensor makes it so)");
  return {before(batch.data).mul_(1 - share).add_(batch.data.mul(share)),
          mixed_target("MixUp", batch.target, options_, share), batch.more};
}

Batch MixUp::operator()(const Batch& batch, Random& random) const { return mixed(batch, share(random)); }

CutMix::CutMix(MixOptions options) : options_(options) { check_options("CutMix", options_); }

Box CutMix::box(int64_t height, int64_t width, Random& random) const {
  const double half = 0.5 * std::sqrt(1 - beta_number(options_.alpha, random));
  const int64_t column = random.below(width);
  const int64_t row = random.below(height);
  const auto half_width = static_cast<int64_t>(half * static_cast<double>(width));
  const auto half_height = static_cast<int64_t>(half * static_cast<double>(height));
  const int64_t left = std::max<int64_t>(column - half_width, 0);
  const int64_t top = std::max<int64_t>(row - half_height, 0);
  return {top, left, std::min(row + half_height, height) - top, std::min(column + half_width, width) - left};
}

Batch CutMix::mixed(const Batch& batch, const Box& box) const {
  check_batch("CutMix", batch, options_);
  const int64_t height = batch.data.size(-2);
  const int64_t width = batch.data.size(-1);
  TORCH_CHECK_VALUE(box.top >= 0 && box.left >= 0 && box.height >= 0 && box.width >= 0 &&
                        box.top <= height - box.height && box.left <= width - box.width,
                    "CutMix: the box is ", box.height, " x ", box.width, " at row ", box.top, ", column ", box.left,
                    "; expected a part of the images ", batch.data.sizes());
  const auto part = [&](const at::Tensor& images) {
    return images.narrow(-2, box.top, box.height).narrow(-1, box.left, box.width);
  };
  at::Tensor data = batch.data.clone();
  part(data).copy_(before(part(batch.data)));
  const double share = 1 - static_cast<double>(box.width * box.height) / static_cast<double>(height * width);
  return {data, mixed_target("CutMix", batch.target, options_, share), batch.more};
}

Batch CutMix::operator()(const Batch& batch, Random& random) const {
  check_batch("CutMix", batch, options_);
  return mixed(batch, box(batch.data.size(-2), batch.data.size(-1), random));
}

}  // namespace torch_ext::transforms
