#pragma once

#include <cstdint>
#include <vector>

#include "libtorch_ext/image/axis_filter.h"
#include "libtorch_ext/image/image.h"

namespace torch_ext {

/// Resizes an image whose rows come one by one from the top, and gives each output row as soon as it can: a decoder's
/// rows are resized while they are in the cache, and no image is ever held as a whole.
///
/// First vertically, over the rows kept, then horizontally. In float32 throughout, the same bits on every machine.
/// Keeps its memory from one image to the next. For one thread.
///
///     RowResizer resizer;
///     const Box box = resizer.start(vertical, horizontal, 3);
///     for (int64_t row = 0; row < box.height; ++row) {
///       resizer.push(pixels of box's row `row`);
///       while (const float* out = resizer.next()) use(out);
///     }
class RowResizer {
 public:
  /// Begins an image of 1 or 3 channels. Returns the part of the source whose rows `push` must get.
  /// `flip`: output rows from right to left.
  Box start(const AxisResize& vertical, const AxisResize& horizontal, int64_t channels, bool flip = false);

  /// Takes the next row of that part: [width, channels].
  void push(const uint8_t* row);

  /// The next output row, [out_width, 4] of which the fourth number means nothing, or [out_width, 1] for one channel;
  /// null where more rows are needed or all are made. Stays until the next call.
  const float* next();

 private:
  float* kept(int64_t row) { return kept_.data() + (row % vertical_.taps()) * row_size_; }

  AxisFilter vertical_;
  AxisFilter horizontal_;
  int64_t channels_ = 0;
  int64_t row_size_ = 0;  // numbers of a source row
  int64_t pushed_ = 0;
  int64_t made_ = 0;
  std::vector<float> kept_;  // a ring of rows
  std::vector<const float*> rows_;
  std::vector<float> blended_;
  std::vector<float> out_;
};

}  // namespace torch_ext
