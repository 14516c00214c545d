#include "libtorch_ext/data/write_png.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/image/encode.h"

namespace torch_ext {

void write_png(const at::Tensor& image, const std::string& path) {
  TORCH_CHECK_VALUE(image.scalar_type() == at::kByte && image.dim() == 3 && image.numel() > 0 && image.size(0) <= 4,
                    "write_png: found ", image.toString(), " ", image.sizes(), ", expected uint8 [1 to 4, H, W]");
  const at::Tensor pixels = image.cpu().permute({1, 2, 0}).contiguous();
  const auto* begin = pixels.const_data_ptr<uint8_t>();
  const auto png = encode_png({.height = pixels.size(0),
                               .width = pixels.size(1),
                               .channels = pixels.size(2),
                               .pixels = {begin, begin + pixels.numel()}});
  as_data_error([&] {
    formats::AtomicFile file(path);
    file.write(png);
    file.commit();
  });
}

}  // namespace torch_ext
