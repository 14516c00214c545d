#include "libtorch_ext/image/decode.h"

#include <algorithm>
#include <sstream>

#include "tests/image/sample_images.h"
#include "tests/support/catch.h"

using namespace torch_ext;
using namespace torch_ext::testing;

namespace {

// The largest difference of two images' numbers; 256 where their sizes differ.
int difference(const std::vector<uint8_t>& found, const std::string& expected) {
  if (found.size() != expected.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(found[i] - static_cast<uint8_t>(expected[i])));
  }
  return largest;
}

}  // namespace

TEST_CASE("decoded pixels are PIL's: all of a PNG's, a JPEG's and WebP's but for the codec's version") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  std::istringstream names(make_images(dir, R"(
for name in sorted(os.listdir()):
    print(name)
    for mode in ('RGB', 'L'):
        open(name + '.' + mode, 'wb').write(Image.open(name).convert(mode).tobytes())
)"));
  int images = 0;
  for (std::string name; names >> name; ++images) {
    INFO(name);
    const std::string file = read_file(dir / name);
    const int allowed = name.ends_with(".png") || name.starts_with("lossless") ? 0 : 2;
    const Image rgb = decode_image(bytes_of(file), name);
    CHECK(rgb.channels == 3);
    CHECK(difference(rgb.pixels, read_file(dir / (name + ".RGB"))) <= allowed);
    const Image gray = decode_image(bytes_of(file), name, {.mode = ColorMode::kGray});
    CHECK(gray.channels == 1);
    CHECK(difference(gray.pixels, read_file(dir / (name + ".L"))) <= allowed);
    const ImageInfo info = read_image_info(bytes_of(file), name);
    CHECK(info.height == rgb.height);
    CHECK(info.width == rgb.width);
  }
  CHECK(images == 21);
}

TEST_CASE("the first bytes tell an image's format, not its name") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  CHECK(read_image_info(bytes_of(read_file(dir / "420.jpg")), "cat.png").format == ImageFormat::kJpeg);
  CHECK(read_image_info(bytes_of(read_file(dir / "rgb.png")), "cat.jpg").format == ImageFormat::kPng);
  CHECK(read_image_info(bytes_of(read_file(dir / "lossy.webp")), "cat").format == ImageFormat::kWebp);
}

TEST_CASE("bytes left over before a JPEG's end are no damage: PIL takes them, too") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  const std::string file = read_file(dir / "444.jpg");
  const std::string longer = file.substr(0, file.size() - 2) + std::string(100, 'x') + file.substr(file.size() - 2);
  CHECK(decode_image(bytes_of(longer), "").pixels == decode_image(bytes_of(file), "").pixels);
  CHECK(decode_image(bytes_of(file + "trailing"), "").pixels == decode_image(bytes_of(file), "").pixels);
}
