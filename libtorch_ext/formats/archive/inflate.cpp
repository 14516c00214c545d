#include "libtorch_ext/formats/archive/inflate.h"

#include <libdeflate.h>
#include <memory>
#include <new>

namespace torch_ext::formats {

bool inflate(std::span<const std::byte> packed, std::span<std::byte> out) {
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  return libdeflate_deflate_decompress(decompressor.get(), packed.data(), packed.size(), out.data(), out.size(),
                                       nullptr) == LIBDEFLATE_SUCCESS;
}

}  // namespace torch_ext::formats
