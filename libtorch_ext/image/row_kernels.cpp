#include "libtorch_ext/image/row_kernels.h"

#include <algorithm>
#include <cstring>

#include "libtorch_ext/core/vectorise.h"

namespace torch_ext::row_kernels {
namespace {

typedef float Quad __attribute__((vector_size(16)));  // GCC's and clang's vectors

#define TORCH_EXT_INLINE inline __attribute__((always_inline))

TORCH_EXT_INLINE Quad load(const float* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof(quad));
  return quad;
}

TORCH_EXT_INLINE void store(Quad quad, float* to) { std::memcpy(to, &quad, sizeof(quad)); }

template <int kTaps>
TORCH_EXT_INLINE void blend_fixed(const float* const* rows, const float* weights, int64_t count, float* out) {
  const float* __restrict row[kTaps];
  float weight[kTaps];
  for (int k = 0; k < kTaps; ++k) {
    row[k] = rows[k];
    weight[k] = weights[k];
  }
  float* __restrict to = out;
  for (int64_t i = 0; i < count; ++i) {
    float sum = weight[0] * row[0][i];
    for (int k = 1; k < kTaps; ++k) sum += weight[k] * row[k][i];
    to[i] = sum;
  }
}

template <int kTaps>
TORCH_EXT_INLINE void filter_rgb_fixed(const float* row, const int32_t* starts, const float* weights, int64_t width,
                                       float* out) {
  for (int64_t x = 0; x < width; ++x) {
    const float* from = row + int64_t{3} * starts[x];
    const float* weight = weights + x * kTaps;
    Quad sum = weight[0] * load(from);
    for (int k = 1; k < kTaps; ++k) sum += weight[k] * load(from + 3 * k);
    store(sum, out + 4 * x);
  }
}

}  // namespace

TORCH_EXT_VECTORISE void widen(const uint8_t* row, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = row[i];
}

TORCH_EXT_VECTORISE void blend(const float* const* rows, const float* weights, int64_t taps, int64_t count,
                               float* out) {
  switch (taps) {
    case 1:
      return blend_fixed<1>(rows, weights, count, out);
    case 2:
      return blend_fixed<2>(rows, weights, count, out);
    case 3:
      return blend_fixed<3>(rows, weights, count, out);
    case 4:
      return blend_fixed<4>(rows, weights, count, out);
    case 5:
      return blend_fixed<5>(rows, weights, count, out);
    default:
      break;
  }
  blend_fixed<5>(rows, weights, count, out);
  for (int64_t k = 5; k < taps; ++k) {
    const float* __restrict row = rows[k];
    const float weight = weights[k];
    for (int64_t i = 0; i < count; ++i) out[i] += weight * row[i];
  }
}

TORCH_EXT_VECTORISE void filter_rgb(const float* row, const int32_t* starts, const float* weights, int64_t taps,
                                    int64_t width, float* out) {
  switch (taps) {
    case 1:
      return filter_rgb_fixed<1>(row, starts, weights, width, out);
    case 2:
      return filter_rgb_fixed<2>(row, starts, weights, width, out);
    case 3:
      return filter_rgb_fixed<3>(row, starts, weights, width, out);
    case 4:
      return filter_rgb_fixed<4>(row, starts, weights, width, out);
    case 5:
      return filter_rgb_fixed<5>(row, starts, weights, width, out);
    case 6:
      return filter_rgb_fixed<6>(row, starts, weights, width, out);
    default:
      break;
  }
  for (int64_t x = 0; x < width; ++x) {
    const float* from = row + int64_t{3} * starts[x];
    Quad sum{};
    for (int64_t k = 0; k < taps; ++k) sum += weights[x * taps + k] * load(from + 3 * k);
    store(sum, out + 4 * x);
  }
}

TORCH_EXT_VECTORISE void filter_gray(const float* row, const int32_t* starts, const float* weights, int64_t taps,
                                     int64_t width, float* out) {
  for (int64_t x = 0; x < width; ++x) {
    float sum = 0;
    for (int64_t k = 0; k < taps; ++k) sum += weights[x * taps + k] * row[starts[x] + k];
    out[x] = sum;
  }
}

TORCH_EXT_VECTORISE void split_planes(const float* pixels, int64_t width, const float* scale, const float* shift,
                                      float* const* planes) {
  int64_t x = 0;
  for (; x + 4 <= width; x += 4) {
    const Quad a = load(pixels + 4 * x);
    const Quad b = load(pixels + 4 * x + 4);
    const Quad c = load(pixels + 4 * x + 8);
    const Quad d = load(pixels + 4 * x + 12);
    const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store(__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5) * scale[0] + shift[0], planes[0] + x);
    store(__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7) * scale[1] + shift[1], planes[1] + x);
    store(__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5) * scale[2] + shift[2], planes[2] + x);
  }
  for (; x < width; ++x) {
    for (int c = 0; c < 3; ++c) planes[c][x] = pixels[4 * x + c] * scale[c] + shift[c];
  }
}

TORCH_EXT_VECTORISE void scale_plane(const float* pixels, int64_t width, float scale, float shift, float* out) {
  for (int64_t x = 0; x < width; ++x) out[x] = pixels[x] * scale + shift;
}

// ITU-R 601-2 in 16-bit fixed point, rounded.
TORCH_EXT_VECTORISE void gray_of_rgb(const uint8_t* rgb, int64_t width, uint8_t* gray) {
  for (int64_t x = 0; x < width; ++x, rgb += 3) {
    gray[x] = static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
  }
}

TORCH_EXT_VECTORISE void round_rgb(const float* pixels, int64_t width, uint8_t* out) {
  for (int64_t x = 0; x < width; ++x) {
    for (int c = 0; c < 3; ++c) out[3 * x + c] = static_cast<uint8_t>(static_cast<int>(pixels[4 * x + c] + 0.5F));
  }
}

TORCH_EXT_VECTORISE void round_gray(const float* pixels, int64_t width, uint8_t* out) {
  for (int64_t x = 0; x < width; ++x) out[x] = static_cast<uint8_t>(static_cast<int>(pixels[x] + 0.5F));
}

}  // namespace torch_ext::row_kernels
