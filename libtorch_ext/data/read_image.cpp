#include "libtorch_ext/data/read_image.h"

#include <ATen/Functions.h>

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/file/read_file.h"

namespace torch_ext {

at::Tensor read_image(const std::string& path, const DecodeOptions& options) {
  return as_data_error([&] {
    std::vector<std::byte> memory;
    return image_tensor(decode_image(formats::read_file(path, memory), path, options));
  });
}

at::Tensor image_tensor(const Image& image) {
  auto* pixels = const_cast<uint8_t*>(image.pixels.data());
  return at::from_blob(pixels, {image.height, image.width, image.channels}, at::kByte)
      .permute({2, 0, 1})
      .clone(at::MemoryFormat::Contiguous);
}

}  // namespace torch_ext
