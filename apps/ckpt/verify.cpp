#include "verify.h"

#include <ostream>

#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "storages.h"
#include "text.h"

namespace ckpt {

using namespace torch_ext::formats;

void verify(const VerifyOptions& options, std::ostream& out) {
  const TensorFile file = read_tensor_file(options.file, {.verify = Verify::kNow});
  uint64_t tensors = 0;
  Storages storages;
  for (const auto& [name, tensor] : named_tensors(file.root)) {
    ++tensors;
    if (!storages.add(tensor)) continue;
    tensor.storage->stream([](auto) {});  // what has to be unpacked or swapped unpacks
  }
  if (options.json) {
    return print_json({{"file", options.file},
                       {"ok", true},
                       {"format", file.format},
                       {"tensors", tensors},
                       {"bytes", storages.bytes},
                       {"checksums", file.has_checksums}},
                      out);
  }
  out << options.file << ": " << file.format << ", " << plural(tensors, "tensor") << ", " << bytes_text(storages.bytes)
      << ": "
      << (file.has_checksums ? "every CRC-32 is right"
                             : "whole, but without checksums: a flipped bit in its tensors would go unnoticed")
      << '\n';
}

}  // namespace ckpt
