#include "libtorch_ext/train/picture_shape.h"

#include <ATen/Functions.h>

#include "libtorch_ext/data/random.h"
#include "libtorch_ext/data/transforms/transform.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using Steps = std::vector<tx::TransformConfig>;

TEST_CASE("the shape that transforms are said to give is the one that they give") {
  const auto steps = GENERATE(
      Steps{}, Steps{tx::ResizeConfig{.size = 20}}, Steps{tx::ResizeConfig{.size = 20}, tx::CenterCropConfig{.size = 24}},
      Steps{tx::RandomResizedCropConfig{.size = 9}}, Steps{tx::RandomCropConfig{.size = 16, .padding = 2}},
      Steps{tx::RandomCropConfig{.size = 64, .padding = 1, .pad_if_needed = true}},
      Steps{tx::GrayscaleConfig{}, tx::RandomRotationConfig{}, tx::RandomErasingConfig{.p = 1}},
      Steps{tx::GrayscaleConfig{.num_output_channels = 3}, tx::RandomHorizontalFlipConfig{.p = 1}});
  const auto [height, width] = GENERATE(table<int64_t, int64_t>({{12, 30}, {31, 17}, {28, 28}}));
  at::Tensor image = at::zeros({3, height, width});
  tx::Random random(0, 0);
  for (const auto& step : steps) image = (*tx::make_transform(step))(image, random);
  const tx::SizeAfter after = tx::size_after(steps, {height, width});
  CHECK_FALSE(after.failing_step);
  CHECK(image.sizes() == std::vector<int64_t>{tx::channels_after(steps, 3), after.size.height, after.size.width});
  if (const auto common = tx::common_size_after(steps)) CHECK(*common == after.size);
}

TEST_CASE("a crop larger than the picture is told with what it is given") {
  const Steps steps = {tx::RandomHorizontalFlipConfig{}, tx::RandomCropConfig{.size = 32, .padding = 1}};
  CHECK_FALSE(tx::size_after(steps, {30, 40}).failing_step);
  const tx::SizeAfter after = tx::size_after(steps, {29, 40});
  CHECK(after.failing_step == 1);
  CHECK(after.size == tx::transforms::Size(31, 42));
}

TEST_CASE("one size for all pictures is promised only where transforms bring all to it") {
  using tx::transforms::Size;
  const Size size(24, 24);
  CHECK(tx::common_size_after({tx::RandomResizedCropConfig{.size = 24}}) == size);
  CHECK(tx::common_size_after({tx::ResizeConfig{.size = 32}, tx::CenterCropConfig{.size = 24}}) == size);
  CHECK(tx::common_size_after({tx::ResizeConfig{.size = 24}, tx::RandomCropConfig{.size = 24}}) == size);
  CHECK_FALSE(tx::common_size_after({}));
  CHECK_FALSE(tx::common_size_after({tx::ResizeConfig{.size = 24}}));
  CHECK_FALSE(tx::common_size_after({tx::RandomCropConfig{.size = 24}}));
  CHECK_FALSE(tx::common_size_after({tx::CenterCropConfig{.size = 20}, tx::RandomCropConfig{.size = 24}}));
}
