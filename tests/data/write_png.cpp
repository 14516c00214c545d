#include "libtorch_ext/data/write_png.h"

#include <torch/torch.h>

#include "libtorch_ext/data/error.h"
#include "libtorch_ext/data/read_image.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {

TEST_CASE("an image that write_png wrote has the same pixels here and in torchvision", "[image]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  std::string expected;
  for (const int64_t channels : {1, 2, 3, 4}) {
    const at::Tensor pixels = torch::randint(256, {channels, 17, 23}, torch::kUInt8);
    write_png(pixels, dir / std::to_string(channels) + ".png");
    for (int64_t i = 0; i < channels; ++i) {
      expected +=
          std::to_string((pixels[i].to(torch::kInt64).flatten() * torch::arange(17 * 23)).sum().item<int64_t>()) + "\n";
    }
    if (channels == 3) CHECK(torch::equal(read_image(dir / "3.png"), pixels));
  }
  // What isn't contiguous, too.
  const at::Tensor turned = torch::randint(256, {8, 6, 3}, torch::kUInt8).permute({2, 0, 1});
  write_png(turned, dir / "turned.png");
  CHECK(torch::equal(read_image(dir / "turned.png"), turned));

  CHECK(testing::run_python(R"(
import sys, torch, torchvision
for channels in 1, 2, 3, 4:
    image = torchvision.io.read_image(f'{sys.argv[1]}/{channels}.png')
    assert image.shape == (channels, 17, 23)
    for channel in image: print((channel.long().flatten() * torch.arange(17 * 23)).sum().item())
)",
                            {dir.path().string()}) == expected);
}

TEST_CASE("write_png refuses tensors that are no image, and names a file that can't be written", "[image]") {
  const testing::TempDir dir;
  CHECK_THROWS_WITH(write_png(torch::rand({3, 4, 5}), dir / "x.png"),
                    testing::ContainsSubstring("[3, 4, 5], expected uint8 [1 to 4, H, W]"));
  CHECK_THROWS_AS(write_png(torch::zeros({5, 4, 4}, torch::kUInt8), dir / "x.png"), c10::ValueError);
  CHECK_THROWS_AS(write_png(torch::zeros({3, 4, 4}, torch::kUInt8), dir / "no/x.png"), DataError);
}

}  // namespace torch_ext
