#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/image/crop_resizer.h"
#include "libtorch_ext/image/decode.h"
#include "tests/image/sample_images.h"
#include "tests/support/catch.h"

using namespace torch_ext;
using namespace torch_ext::testing;

namespace {

// What both ways to read an image say, which must agree for damage that reaches the whole image.
std::string problem(const std::string& file, const std::string& name, bool whole) {
  try {
    if (whole) {
      decode_image(bytes_of(file), name);
    } else {
      CropResizer resizer;
      const ImageInfo info = resizer.open(bytes_of(file), name);
      std::vector<float> out(3 * 8 * 8);
      resizer.run({.crop = {0, 0, info.height, info.width}, .height = 8, .width = 8}, out.data());
    }
  } catch (const formats::FormatError& error) {
    CHECK(error.file() == name);
    return error.what();
  }
  return "";
}

void check_problem(const std::string& file, const std::string& name, const std::string& expected) {
  CHECK_THAT(problem(file, name, true), ContainsSubstring(name + ": ") && ContainsSubstring(expected));
  CHECK_THAT(problem(file, name, false), ContainsSubstring(name + ": ") && ContainsSubstring(expected));
}

}  // namespace

TEST_CASE("a truncated image is an error that names the file, wherever it ends") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  for (const char* name : {"420.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "restarts.jpg", "rgb.png",
                           "palette.png", "lossy.webp", "lossless.webp", "alpha.webp"}) {
    const std::string file = read_file(dir / name);
    for (const double part : {0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97}) {
      INFO(name << " up to " << part);
      check_problem(file.substr(0, static_cast<size_t>(part * static_cast<double>(file.size()))), name, "truncated");
    }
  }
}

TEST_CASE("a JPEG without its end is truncated when it is read as a whole") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  const std::string file = read_file(dir / "420.jpg");
  CHECK_THAT(problem(file.substr(0, file.size() - 2), "cat.jpg", true), ContainsSubstring("damaged or truncated JPEG"));
}

TEST_CASE("a marker in the middle of a JPEG's data is an error, not half a gray image") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  std::string file = read_file(dir / "420.jpg");
  file.replace(file.size() / 2, 2, "\xff\xd9");
  check_problem(file, "cat.jpg", "Corrupt JPEG data: premature end of data segment");
}

TEST_CASE("a damaged checksum or stream of a PNG is an error") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  std::string file = read_file(dir / "rgb.png");
  file[file.size() / 2] = static_cast<char>(file[file.size() / 2] ^ 0x10);
  check_problem(file, "cat.png", "damaged or truncated PNG");
}

TEST_CASE("an image that promises more than its bytes can hold is an error before memory is taken") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir, R"(
import struct, zlib
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(height, width):
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + chunk(b'IDAT', zlib.compress(b'\0' * 1000)) + chunk(b'IEND', b'')
open('bomb.png', 'wb').write(png(100000, 100000))
open('large.png', 'wb').write(png(10000, 10000))
open('none.png', 'wb').write(png(0, 10))
jpeg = open('progressive.jpg', 'rb').read()
at = jpeg.index(b'\xff\xc2') + 5
def resized(height, width): return jpeg[:at] + struct.pack('>HH', height, width) + jpeg[at + 4:]
open('bomb.jpg', 'wb').write(resized(65500, 65500))
open('large.jpg', 'wb').write(resized(12000, 12000))
open('none.jpg', 'wb').write(resized(0, 10))
)");
  const auto check = [&](const std::string& name, const std::string& expected) {
    check_problem(read_file(dir / name), name, expected);
  };
  check("bomb.png", "found a PNG of 100000x100000 pixels, expected at most 178956970 in all");
  check("large.png", "bytes can't hold its 10000x10000 pixels");
  check("none.png", "damaged or truncated PNG");
  check("bomb.jpg", "found a JPEG of 65500x65500 pixels, expected at most 178956970 in all");
  check("large.jpg", "bytes can't hold its 12000x12000 pixels");
  check("none.jpg", "damaged or truncated JPEG");
}

TEST_CASE("what is no image says so") {
  check_problem("", "cat.jpg", "is empty, an image is expected");
  check_problem("GIF89a\1\1\1\1\1\1\1\1\1", "cat.gif", "found a GIF, expected a JPEG, PNG or WebP; convert it to one");
  check_problem("version https://git-lfs.github.com/spec/v1\n", "cat.jpg",
                "is a Git LFS pointer, not the file");
  check_problem(std::string("MM\0*....", 8), "cat.jpg", "found a TIFF, expected");
  check_problem("\xff\xd8", "cat.jpg", "found no image that can be read");
  check_problem("\xff\xd8\xff", "cat.jpg", "damaged or truncated JPEG");
  check_problem("\xff\xd8\xff\xd9", "cat.jpg", "damaged or truncated JPEG");
  check_problem("\x89PNG\r\n\x1a\n", "cat.png", "damaged or truncated PNG");
  check_problem("RIFF1234WEBP", "cat.webp", "damaged or truncated WebP");
}

TEST_CASE("an animated WebP is refused by name") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir, "image.save('film.webp', save_all=True, append_images=[image.rotate(9)])");
  check_problem(read_file(dir / "film.webp"), "film.webp", "is an animated WebP, a still image is expected");
}

TEST_CASE("any flipped bit of a JPEG gives an image or an error, and the next image is as ever") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  CropResizer resizer;
  for (const std::string name : {"420.jpg", "progressive.jpg", "palette.png", "lossy.webp"}) {
    const std::string file = read_file(dir / name);
    const auto read = [&](const std::string& bytes) {
      std::vector<float> out(3 * 8 * 8);
      const ImageInfo info = resizer.open(bytes_of(bytes), name, 1 << 20);
      resizer.run({.crop = {0, 0, info.height, info.width}, .height = 8, .width = 8}, out.data());
      return out;
    };
    const auto expected = read(file);
    for (size_t at = 0; at < file.size(); at += 1 + at / 40) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
      try {
        read(damaged);
      } catch (const formats::FormatError&) {
      }
    }
    CHECK(read(file) == expected);
  }
}
