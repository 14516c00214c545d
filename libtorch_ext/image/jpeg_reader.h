#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "libtorch_ext/image/decode.h"

namespace torch_ext {

/// Rows of a part of a JPEG, top to bottom, through libjpeg-turbo's classic interface, which can leave out what lies
/// around the part and decode at a fraction of the size.
///
/// One object reads image after image and keeps its memory. For one thread at a time; after an error it takes the next
/// image as if nothing had happened.
///
///     JpegReader reader;
///     const ImageInfo info = reader.open(bytes, "cat.jpg", 100'000'000);
///     reader.start({.top = 10, .left = 20, .height = 100, .width = 200});
///     for (int row = 0; row < 100; ++row) use(reader.next_row());
class JpegReader {
 public:
  JpegReader();
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// Reads the header. `bytes` must stay until the last row is read. Throws `formats::FormatError` for a damaged header
  /// and for more pixels than `max_pixels` or than so many bytes can hold.
  ImageInfo open(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels);

  /// Begins to decode the part `box` of the image at 1/`scale` of its size: ceil(height / scale) x
  /// ceil(width / scale), scale 1, 2, 4 or 8. The box is in pixels of that smaller image. Its pixels are the same as if
  /// the whole image were decoded. What lies below the box is not looked at: damage there is not noticed.
  void start(const Box& box, int64_t scale = 1);

  /// The next row of the box, [box.width, 3]; stays until the next call. Throws `formats::FormatError` for truncated or
  /// damaged data.
  const uint8_t* next_row();

  /// Reads what follows the last row of a whole image, up to the end that a JPEG has to have.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace torch_ext
