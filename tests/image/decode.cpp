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
    print(1 if Image.open(name).mode in ('1', 'L', 'LA', 'I;16') else 3)
    for mode in ('RGB', 'L'):
        open(name + '.' + mode, 'wb').write(Image.open(name).convert(mode).tobytes())
)"));
  int images = 0;
  int channels = 0;
  for (std::string name; names >> name >> channels; ++images) {
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
    CHECK(info.channels == channels);
    CHECK(read_image_info(dir / name).channels == channels);
  }
  CHECK(images == 21);
}

TEST_CASE("a PNG of any depth and kind of colour, with a transparent one or without, is PIL's in colours and in grey") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  std::istringstream names(run_python(kPicture + R"(
import struct, zlib
random = np.random.default_rng(0)
def png(name, depth, color, channels, extra=b''):
    chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    width, height = 37, 5
    size = (width * depth * channels + 7) // 8
    rows = b''.join(b'\0' + random.integers(0, 256, size, dtype=np.uint8).tobytes() for _ in range(height))
    head = struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, 0)
    with open(name, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + extra + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
    print(name)
    for mode in ('RGB', 'L'): open(name + '.' + mode, 'wb').write(Image.open(name).convert(mode).tobytes())
def transparent(data): return struct.pack('>I', len(data)) + b'tRNS' + data + struct.pack('>I', zlib.crc32(b'tRNS' + data))
def palette(count):
    data = b'PLTE' + random.integers(0, 256, 3 * count, dtype=np.uint8).tobytes()
    return struct.pack('>I', 3 * count) + data + struct.pack('>I', zlib.crc32(data))
for depth in (1, 2, 4, 8, 16):
    png(f'grey{depth}', depth, 0, 1)
    png(f'grey{depth}-transparent', depth, 0, 1, transparent(b'\0\1'))
for depth in (8, 16):
    png(f'rgb{depth}', depth, 2, 3)
    png(f'rgb{depth}-transparent', depth, 2, 3, transparent(b'\0\1\0\2\0\3'))
    png(f'grey-alpha{depth}', depth, 4, 2)
    png(f'rgb-alpha{depth}', depth, 6, 4)
for depth in (1, 2, 4, 8):
    png(f'palette{depth}', depth, 3, 1, palette(1 << depth))
    png(f'palette{depth}-transparent', depth, 3, 1, palette(1 << depth) + transparent(b'\0'))
)",
                                      {dir.path().string()}));
  int images = 0;
  for (std::string name; names >> name; ++images) {
    INFO(name);
    const std::string file = read_file(dir / name);
    CHECK(difference(decode_image(bytes_of(file), name).pixels, read_file(dir / (name + ".RGB"))) == 0);
    const Image gray = decode_image(bytes_of(file), name, {.mode = ColorMode::kGray});
    CHECK(difference(gray.pixels, read_file(dir / (name + ".L"))) == 0);
    CHECK(read_image_info(dir / name).channels == (name.starts_with("grey") ? 1 : 3));
  }
  CHECK(images == 26);
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
