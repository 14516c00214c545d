#include "verify.h"

#include <ostream>

#include "each_file.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "storages.h"
#include "text.h"

namespace ckpt {

using namespace torch_ext::formats;

namespace {

struct Report {
  TensorFile file;
  uint64_t tensors = 0;
  Storages storages;
};

Report read_all(const std::string& path) {
  Report report{.file = read_tensor_file(path, {.verify = Verify::kNow})};
  for (const auto& [name, tensor] : named_tensors(report.file.root)) {
    ++report.tensors;
    // Where there are checksums, all was read for them.
    if (report.storages.add(tensor) && !report.file.has_checksums) tensor.storage->stream([](auto) {});
  }
  return report;
}

}  // namespace

bool verify(const VerifyOptions& options, std::ostream& out) {
  if (options.json) {
    return each_file_json(options.files, out, [](const std::string& path) -> nlohmann::ordered_json {
      const Report report = read_all(path);
      return {{"file", path},
              {"ok", true},
              {"format", report.file.format},
              {"tensors", report.tensors},
              {"bytes", report.storages.bytes},
              {"checksums", report.file.has_checksums}};
    });
  }
  return each_file(options.files, [&](const std::string& path) {
    const Report report = read_all(path);
    out << path << ": " << report.file.format << ", " << plural(report.tensors, "tensor") << ", "
        << bytes_text(report.storages.bytes) << ": "
        << (report.file.has_checksums ? "every CRC-32 is right"
                                      : "whole, but without checksums: a flipped bit in its tensors would go unnoticed")
        << '\n';
  });
}

}  // namespace ckpt
