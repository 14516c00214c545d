#include "libtorch_ext/image/jpeg_reader.h"

#include <random>
#include <vector>

#include "tests/image/sample_images.h"
#include "tests/support/catch.h"

using namespace torch_ext;
using namespace torch_ext::testing;

namespace {

std::vector<uint8_t> rows_of(JpegReader& reader, const std::string& file, const Box& box, int64_t scale) {
  reader.open(bytes_of(file), "cat.jpg", 1'000'000);
  reader.start(box, scale);
  std::vector<uint8_t> pixels;
  for (int64_t row = 0; row < box.height; ++row) {
    const uint8_t* first = reader.next_row();
    pixels.insert(pixels.end(), first, first + box.width * 3);
  }
  return pixels;
}

void check_parts(const std::string& name, const std::string& file, int64_t scale) {
  const int64_t height = (131 + scale - 1) / scale;
  const int64_t width = (173 + scale - 1) / scale;
  JpegReader reader;
  const auto whole = rows_of(reader, file, {0, 0, height, width}, scale);
  std::mt19937 random(1);
  const auto below = [&](int64_t count) { return static_cast<int64_t>(random() % static_cast<uint64_t>(count)); };
  for (int n = 0; n < 50; ++n) {
    Box box{0, 0, 1 + below(height), 1 + below(width)};
    box.top = below(height - box.height + 1);
    box.left = below(width - box.width + 1);
    std::vector<uint8_t> expected;
    for (int64_t row = box.top; row < box.top + box.height; ++row) {
      const auto first = whole.begin() + (row * width + box.left) * 3;
      expected.insert(expected.end(), first, first + box.width * 3);
    }
    INFO(name << " 1/" << scale << " " << box.top << " " << box.left << " " << box.height << " " << box.width);
    REQUIRE(rows_of(reader, file, box, scale) == expected);
  }
}

}  // namespace

TEST_CASE("a part of a JPEG has the pixels that the whole has there, at every scale") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  make_images(dir);
  for (const char* name : {"420.jpg", "422.jpg", "444.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg"}) {
    for (const int64_t scale : {1, 2, 4, 8}) check_parts(name, read_file(dir / name), scale);
  }
}
