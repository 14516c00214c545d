#include "libtorch_ext/formats/archive/gzip.h"

#include <algorithm>
#include <libdeflate.h>
#include <memory>
#include <new>

#include "libtorch_ext/formats/archive/inflate.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/little_endian.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kTrailer = 8;  // CRC-32, then the size of the last member modulo 2^32
constexpr size_t kLeastGuess = 64 * 1024;

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

/// How much a file may unpack to. Its end promises a size, but that may be a lie, or the last of many members' only.
size_t guess_size(std::span<const std::byte> packed) {
  if (packed.size() < kTrailer) return kLeastGuess;
  const auto promised = load_little<uint32_t>(packed.data() + packed.size() - 4);
  return std::clamp<size_t>(promised, kLeastGuess, std::max(kLeastGuess, 8 * packed.size()));
}

/// What gzip members unpack to, one after the other.
class Unpacker {
 public:
  explicit Unpacker(size_t guess)
      : out_(guess), decompressor_(libdeflate_alloc_decompressor(), libdeflate_free_decompressor) {
    if (!decompressor_) throw std::bad_alloc();
  }

  /// Unpacks the member at the front of `packed` and takes it off. False where it is damaged.
  bool unpack_member(std::span<const std::byte>& packed) {
    for (;;) {
      size_t taken = 0;
      size_t made = 0;
      const size_t room = out_.size() - size_;
      const auto result = libdeflate_gzip_decompress_ex(decompressor_.get(), packed.data(), packed.size(),
                                                        out_.data() + size_, room, &taken, &made);
      if (result == LIBDEFLATE_SUCCESS) {
        size_ += made;
        packed = packed.subspan(taken);
        return true;
      }
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE || room / kMaxDeflateRatio > packed.size()) return false;
      out_.resize(2 * out_.size());
    }
  }

  std::vector<std::byte> take() {
    out_.resize(size_);
    return std::move(out_);
  }

 private:
  std::vector<std::byte> out_;
  size_t size_ = 0;
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor_;
};

}  // namespace

std::vector<std::byte> read_maybe_gzip(const std::string& path) {
  const auto file = MappedFile::open(path);
  auto packed = file->bytes();
  if (!is_gzip(packed)) return {packed.begin(), packed.end()};

  Unpacker unpacker(guess_size(packed));
  while (!packed.empty()) {
    const size_t offset = file->bytes().size() - packed.size();
    // Writers may fill up a file with zeros.
    if (offset > 0 && std::ranges::all_of(packed, [](std::byte b) { return b == std::byte{0}; })) break;
    if (!unpacker.unpack_member(packed)) {
      throw FormatError(path, "the gzip data that begins at byte " + std::to_string(offset) + " of " +
                                  std::to_string(file->bytes().size()) +
                                  " is damaged or truncated; fetch the file again");
    }
  }
  return unpacker.take();
}

}  // namespace torch_ext::formats
