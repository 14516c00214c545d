#include "libtorch_ext/image/crop_resizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "libtorch_ext/formats/error.h"
#include "tests/image/sample_images.h"
#include "tests/support/catch.h"

using namespace torch_ext;
using namespace torch_ext::testing;

namespace {

std::vector<float> run(CropResizer& resizer, const std::string& file, const CropResize& options) {
  const Box window = options.window.height == 0 ? Box{0, 0, options.height, options.width} : options.window;
  std::vector<float> out(static_cast<size_t>(3 * window.height * window.width), std::nanf(""));
  resizer.open(bytes_of(file), "cat");
  resizer.run(options, out.data());
  return out;
}

float difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return std::numeric_limits<float>::infinity();
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float here = std::abs(a[i] - b[i]);
    if (!(here <= largest)) largest = here;
  }
  return largest;
}

std::vector<float> floats(const std::string& bytes) {
  const auto* first = reinterpret_cast<const float*>(bytes.data());
  return {first, first + bytes.size() / sizeof(float)};
}

}  // namespace

TEST_CASE("crop, resize, flip and normalise in one pass are within one gray level of PIL and torchvision") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  std::istringstream cases(make_images(dir, R"(
mean, std = np.float32([.485, .456, .406]), np.float32([.229, .224, .225])
boxes = [(0, 0, 131, 173, 224, 224), (10, 21, 100, 77, 64, 48), (33, 0, 17, 173, 5, 200), (130, 172, 1, 1, 3, 3), (1, 1, 129, 171, 31, 33)]
for name in ['420.jpg', 'cmyk.jpg', 'gray.jpg', 'progressive.jpg', 'rgb.png', 'palette.png', 'lossless.webp']:
    for n, (top, left, h, w, height, width) in enumerate(boxes):
        for flip in (0, 1):
            out = Image.open(name).convert('RGB').crop((left, top, left + w, top + h)).resize((width, height), Image.BILINEAR)
            out = np.asarray(out.transpose(Image.FLIP_LEFT_RIGHT) if flip else out, dtype=np.float32)
            to = f'{name}.{n}.{flip}'
            open(to, 'wb').write(np.ascontiguousarray(((out / 255 - mean) / std).transpose(2, 0, 1)).tobytes())
            print(name, to, top, left, h, w, height, width, flip)
)"));
  CropResizer resizer;
  CropResize options{.mean = {.485F, .456F, .406F}, .std = {.229F, .224F, .225F}};
  std::string name;
  std::string expected;
  int count = 0;
  while (cases >> name >> expected >> options.crop.top >> options.crop.left >> options.crop.height >>
         options.crop.width >> options.height >> options.width >> options.flip) {
    INFO(expected);
    const auto out = run(resizer, read_file(dir / name), options);
    CHECK(difference(out, floats(read_file(dir / expected))) < 1.01F / 255 / .224F);
    ++count;
  }
  CHECK(count == 70);
}

TEST_CASE("in one channel the same is within one gray level of PIL's convert(\"L\")") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  std::istringstream names(make_images(dir, R"(
for name in ['420.jpg', 'cmyk.jpg', 'gray.jpg', 'rgb.png', 'gray_alpha.png', 'lossless.webp']:
    out = Image.open(name).convert('L').crop((21, 10, 98, 110)).resize((48, 64), Image.BILINEAR).transpose(Image.FLIP_LEFT_RIGHT)
    open(name + '.L', 'wb').write(((np.asarray(out, dtype=np.float32) / 255 - np.float32(.5)) / np.float32(.25)).tobytes())
    print(name)
)"));
  CropResizer resizer;
  const CropResize options{.crop = {10, 21, 100, 77},
                           .height = 64,
                           .width = 48,
                           .flip = true,
                           .mode = ColorMode::kGray,
                           .mean = {.5F, 9, 9},
                           .std = {.25F, 9, 9}};
  int count = 0;
  for (std::string name; names >> name; ++count) {
    INFO(name);
    std::vector<float> out(size_t{64} * 48, std::nanf(""));
    const std::string file = read_file(dir / name);
    resizer.open(bytes_of(file), name);
    resizer.run(options, out.data());
    CHECK(difference(out, floats(read_file(dir / (name + ".L")))) < 1.01F / 255 / .25F);
  }
  CHECK(count == 6);
}

TEST_CASE("a window of the resized image is what the whole has there, and decodes no more than it needs") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  std::string file = read_file(dir / "420.jpg");
  CropResizer resizer;
  CropResize options{.crop = {0, 0, 131, 173}, .height = 64, .width = 84};
  const auto whole = run(resizer, file, options);
  options.window = {10, 20, 30, 40};
  const auto window = run(resizer, file, options);
  for (size_t c = 0; c < 3; ++c) {
    for (size_t y = 0; y < 30; ++y) {
      const auto expected = whole.begin() + static_cast<std::ptrdiff_t>((c * 64 + y + 10) * 84 + 20);
      REQUIRE(std::equal(expected, expected + 40, window.begin() + static_cast<std::ptrdiff_t>((c * 30 + y) * 40)));
    }
  }
  file.resize(file.size() * 9 / 10);
  CHECK(run(resizer, file, options) == window);
  CHECK_THROWS_AS(run(resizer, file, {.crop = {0, 0, 131, 173}, .height = 64, .width = 84}), formats::FormatError);
}

TEST_CASE("a JPEG decoded at a fraction of its size gives nearly the same") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir, "picture(900, 1200, 1).save('large.jpg', quality=92)");
  const std::string file = read_file(dir / "large.jpg");
  CropResizer resizer;
  for (const int64_t size : {400, 150, 100, 50, 20}) {
    INFO(size);
    CropResize options{.crop = {33, 101, 801, 805}, .height = size, .width = size};
    const auto exact = run(resizer, file, options);
    options.scaled_decode = true;
    const auto scaled = run(resizer, file, options);
    double sum = 0;
    for (size_t i = 0; i < exact.size(); ++i) sum += std::abs(exact[i] - scaled[i]);
    CHECK(sum / static_cast<double>(exact.size()) < 3.0 / 255);
    CHECK(difference(exact, scaled) < 20.0F / 255);
    CHECK(exact != scaled);
  }
}

TEST_CASE("boxes that lie outside are refused") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  const std::string file = read_file(dir / "420.jpg");
  CropResizer resizer;
  const auto check = [&](const CropResize& options) {
    CHECK_THROWS_AS(run(resizer, file, options), std::invalid_argument);
  };
  check({.crop = {0, 0, 132, 173}, .height = 5, .width = 5});
  check({.crop = {-1, 0, 100, 100}, .height = 5, .width = 5});
  check({.crop = {0, 174, 1, 1}, .height = 5, .width = 5});
  check({.crop = {0, 0, 0, 10}, .height = 5, .width = 5});
  check({.crop = {0, 0, 10, 10}, .height = 5, .width = 5, .window = {0, 1, 5, 5}});
  CHECK_THROWS_WITH(run(resizer, file, {.crop = {INT64_MAX, 0, 10, 10}, .height = 5, .width = 5}),
                    ContainsSubstring("found a crop of 10x10 at (9223372036854775807, 0), expected one in 131x173"));
}
