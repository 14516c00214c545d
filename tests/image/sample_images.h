#pragma once

#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::testing {

/// Goes to the folder that Python gets as its first argument, and defines `picture(height, width, seed)`, a PIL image
/// of low and high frequencies.
inline const std::string kPicture = R"(
import os, sys
import numpy as np
from PIL import Image
os.chdir(sys.argv[1])
def picture(height, width, seed):
    g = np.random.default_rng(seed)
    layers = [(64, .5), (16, .3), (3, .2)]
    small = lambda s: Image.fromarray(g.integers(0, 256, (max(2, height // s), max(2, width // s), 3), dtype=np.uint8))
    full = sum(np.asarray(small(s).resize((width, height), Image.BICUBIC), dtype=float) * k for s, k in layers)
    return Image.fromarray(np.clip(full, 0, 255).astype(np.uint8))
)";

/// Makes image files in all forms with PIL; `image` is the picture, 173 x 131 pixels.
inline const std::string kMakeImages = kPicture + R"(
image = picture(131, 173, 0)
image.save('420.jpg')
image.save('422.jpg', subsampling=1)
image.save('444.jpg', subsampling=0, quality=95)
image.save('progressive.jpg', progressive=True)
image.save('restarts.jpg', restart_marker_blocks=3)
image.save('rgb.jpg', keep_rgb=True)
image.convert('L').save('gray.jpg')
image.convert('CMYK').save('cmyk.jpg')
image.crop((0, 0, 1, 1)).save('pixel.jpg')
image.save('rgb.png')
image.convert('RGBA').save('rgba.png')
image.convert('L').save('gray.png')
image.convert('LA').save('gray_alpha.png')
image.convert('P').save('palette.png')
image.quantize(3).save('palette_bits.png', bits=2)
image.quantize(9).save('palette_transparent.png', transparency=4)
image.convert('1').save('bit.png')
Image.fromarray(np.arange(256 * 9, dtype=np.uint16).reshape(9, 256) * 28).save('gray16.png')
image.save('lossy.webp')
image.save('lossless.webp', lossless=True)
image.convert('RGBA').save('alpha.webp')
)";

/// Runs `kMakeImages`, then `code`.
inline std::string make_images(const TempDir& dir, const std::string& code = "") {
  return run_python(kMakeImages + code, {dir.path().string()});
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace torch_ext::testing
