#pragma once

#include <cstdint>

namespace torch_ext::row_kernels {

/// The loops over the pixels of a row, compiled for the machine's vectors. All give the same bits on every machine.

/// Bytes to floats.
void widen(const uint8_t* row, int64_t count, float* out);

/// out[i] = sum over k of weights[k] * rows[k][i].
void blend(const float* const* rows, const float* weights, int64_t taps, int64_t count, float* out);

/// Pixel x of `out`, four floats, the last without meaning: the sum over k of weights[x * taps + k] times pixel
/// starts[x] + k of `row`, three floats each. Reads up to `taps` pixels behind the row: they must be finite.
void filter_rgb(const float* row, const int32_t* starts, const float* weights, int64_t taps, int64_t width, float* out);

/// The same for one channel, in and out.
void filter_gray(const float* row, const int32_t* starts, const float* weights, int64_t taps, int64_t width,
                 float* out);

/// Pixels of four floats to three planes, plane[c][x] = pixels[x][c] * scale[c] + shift[c]. `pixels` must go on to a
/// multiple of 4.
void split_planes(const float* pixels, int64_t width, const float* scale, const float* shift, float* const* planes);

/// out[x] = pixels[x] * scale + shift: the same for one channel.
void scale_plane(const float* pixels, int64_t width, float scale, float shift, float* out);

/// Three bytes a pixel to one, (0.299 R + 0.587 G + 0.114 B): PIL's `convert("L")`, to the bit. `gray` may be `rgb`.
void gray_of_rgb(const uint8_t* rgb, int64_t width, uint8_t* gray);

/// Pixels of four floats to three bytes each, rounded.
void round_rgb(const float* pixels, int64_t width, uint8_t* out);

/// Floats to bytes, rounded.
void round_gray(const float* pixels, int64_t width, uint8_t* out);

}  // namespace torch_ext::row_kernels
