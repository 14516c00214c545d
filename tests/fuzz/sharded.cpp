#include "libtorch_ext/formats/shards/sharded.h"

#include <cstdint>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "tests/fuzz/input_file.h"

using namespace torch_ext::formats;

namespace {

constexpr char kShard[] =
    "\x6a\0\0\0\0\0\0\0"
    R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})"
    " xy";

/// The shard that indexes may name.
bool write_shard() {
  torch_ext::testing::write_file("/dev/shm/s", {kShard, sizeof kShard - 1});
  return true;
}

}  // namespace

// Any index either reads, beside a shard "s" with the tensors "a" and "b", or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool is_written = write_shard();
  (void)is_written;
  const InputFile file(data, size);
  try {
    std::vector<std::byte> scratch;
    for (const auto& [name, tensor] : named_tensors(read_sharded(file.path).root)) row_major_bytes(tensor, scratch);
  } catch (const FormatError&) {
  }
  return 0;
}
