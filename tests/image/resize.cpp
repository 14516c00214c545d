#include "libtorch_ext/image/resize.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "libtorch_ext/image/decode.h"
#include "tests/image/sample_images.h"
#include "tests/support/catch.h"

using namespace torch_ext;
using namespace torch_ext::testing;

TEST_CASE("resize is within one gray level of PIL's and torch's, up and down, in gray and colour") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  std::istringstream cases(make_images(dir, R"(
import torch
for height, width in [(224, 224), (64, 64), (131, 40), (20, 173), (131, 173), (300, 500), (7, 2), (1, 1), (132, 172)]:
    for mode in ('RGB', 'L'):
        source = image.convert(mode)
        name = f'{mode}{height}x{width}'
        open(name + '.pil', 'wb').write(source.resize((width, height), Image.BILINEAR).tobytes())
        pixels = torch.from_numpy(np.array(source)).reshape(131, 173, -1).permute(2, 0, 1)[None].float().contiguous()
        out = torch.nn.functional.interpolate(pixels, (height, width), mode='bilinear', antialias=True)
        open(name + '.torch', 'wb').write(out[0].permute(1, 2, 0).round().to(torch.uint8).contiguous().numpy().tobytes())
        print(name, height, width, len(mode))
)"));
  const std::string file = read_file(dir / "rgb.png");
  std::string name;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  for (int n = 0; cases >> name >> height >> width >> channels; ++n) {
    const auto mode = channels == 3 ? ColorMode::kRgb : ColorMode::kGray;
    const Image out = resize(decode_image(bytes_of(file), "rgb.png", {.mode = mode}), height, width);
    for (const char* reference : {".pil", ".torch"}) {
      INFO(name << reference);
      const std::string expected = read_file(dir / (name + reference));
      REQUIRE(out.pixels.size() == expected.size());
      int largest = 0;
      for (size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(out.pixels[i] - static_cast<uint8_t>(expected[i])));
      }
      CHECK(largest <= 1);
    }
  }
}

TEST_CASE("resize to the same size changes nothing") {
  Image image{3, 2, 1, {0, 50, 100, 150, 200, 255}};
  CHECK(resize(image, 3, 2).pixels == image.pixels);
  image = {1, 2, 3, {0, 50, 100, 150, 200, 255}};
  CHECK(resize(image, 1, 2).pixels == image.pixels);
}

TEST_CASE("resize names the sizes that it refuses") {
  CHECK_THROWS_AS(resize({1, 1, 3, {1, 2, 3}}, 0, 5), std::invalid_argument);
  CHECK_THROWS_WITH(resize({1, 1, 2, {1, 2}}, 4, 5), ContainsSubstring("[1, 1, 2] to become 4x5"));
  CHECK_THROWS_AS(resize({}, 4, 5), std::invalid_argument);
}
