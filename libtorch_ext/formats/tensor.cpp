#include "libtorch_ext/formats/tensor.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "libtorch_ext/formats/archive/crc32.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxDimensions = 64;
constexpr size_t kPiece = size_t{1} << 20;  // stays in the cache for whoever comes second
constexpr size_t kMaxRepeated = size_t{1} << 30;

std::string text(const std::vector<int64_t>& numbers) {
  std::string result = "[";
  for (int64_t number : numbers) result += (result.size() > 1 ? ", " : "") + std::to_string(number);
  return result + "]";
}

/// Copies all rows of a view, whose dimensions `dim`, `dim + 1`, … are left, to `out`, and returns where it ended.
template <size_t kSize>
std::byte* copy_rows(const Tensor& tensor, size_t dim, const std::byte* from, std::byte* out) {
  const int64_t count = tensor.shape[dim];
  // The stride of a single row is never used and may be any number.
  const int64_t step = count > 1 ? tensor.stride[dim] * static_cast<int64_t>(kSize) : 0;
  if (dim + 1 < tensor.shape.size()) {
    for (int64_t i = 0; i < count; ++i) out = copy_rows<kSize>(tensor, dim + 1, from + i * step, out);
    return out;
  }
  for (int64_t i = 0; i < count; ++i, out += kSize) std::memcpy(out, from + i * step, kSize);
  return out;
}

void copy_view(const Tensor& tensor, size_t size, const std::byte* from, std::byte* out) {
  switch (size) {
    case 1:
      copy_rows<1>(tensor, 0, from, out);
      break;
    case 2:
      copy_rows<2>(tensor, 0, from, out);
      break;
    case 4:
      copy_rows<4>(tensor, 0, from, out);
      break;
    case 8:
      copy_rows<8>(tensor, 0, from, out);
      break;
    default:
      copy_rows<16>(tensor, 0, from, out);
      break;
  }
}

/// The `size` bytes of a contiguous tensor, out of a storage that is never there as a whole.
void stream_part(const Tensor& tensor, size_t size, const Storage::Use& use) {
  size_t skip = static_cast<size_t>(tensor.storage_offset) * element_size(tensor.dtype);
  size_t left = size;
  tensor.storage->stream([&](std::span<const std::byte> piece) {
    const size_t skipped = std::min(skip, piece.size());
    const auto part = piece.subspan(skipped, std::min(left, piece.size() - skipped));
    if (!part.empty()) use(part);
    skip -= skipped;
    left -= part.size();
  });
}

}  // namespace

std::shared_ptr<Storage> Storage::in_pieces(size_t size, std::function<void(const Use&)> make) {
  auto storage = std::make_shared<Storage>(size);
  storage->load_ = [make, size] {
    std::vector<std::byte> bytes;
    bytes.reserve(size);
    make([&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    return bytes;
  };
  storage->make_ = std::move(make);
  return storage;
}

void Storage::place(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const MappedFile* file) {
  bytes_ = bytes;
  owner_ = std::move(owner);
  mapped_ = file;
}

std::span<const std::byte> Storage::bytes() const {
  if (load_ || check_) {
    std::call_once(once_, [this] {
      if (load_) {
        auto loaded = std::make_shared<const std::vector<std::byte>>(load());
        bytes_ = *loaded;
        owner_ = std::move(loaded);
      }
      if (check_) check_(crc32(bytes_));
      is_ready_ = true;
    });
  }
  return bytes_;
}

std::vector<std::byte> Storage::load() const {
  auto loaded = load_();
  if (loaded.size() != size_) {
    throw std::length_error("a storage of " + std::to_string(size_) + " bytes was filled with " +
                            std::to_string(loaded.size()));
  }
  return loaded;
}

void Storage::stream(const Use& use) const {
  if (is_in_pieces()) return make_(use);
  if (load_ && !is_ready_) return use(load());
  uint32_t crc = 0;
  for (auto rest = bytes_; !rest.empty();) {
    const auto piece = rest.first(std::min(rest.size(), kPiece));
    if (check_ && !is_ready_) crc = crc32(piece, crc);
    use(piece);
    if (mapped_) mapped_->release(piece);
    rest = rest.subspan(piece.size());
  }
  if (check_ && !is_ready_) check_(crc);
}

void Storage::release() const {
  if (mapped_) mapped_->release(bytes_);
}

int64_t Tensor::numel() const {
  int64_t product = 1;
  for (int64_t size : shape) product *= size;
  return product;
}

bool Tensor::is_contiguous() const {
  if (numel() == 0) return true;
  int64_t expected = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    if (shape[dim] != 1 && stride[dim] != expected) return false;
    expected *= shape[dim];
  }
  return true;
}

std::vector<int64_t> contiguous_stride(const std::vector<int64_t>& shape) {
  std::vector<int64_t> stride(shape.size());
  int64_t step = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    stride[dim] = step;
    step *= std::max<int64_t>(shape[dim], 1);
  }
  return stride;
}

void check_bounds(const Tensor& tensor) {
  const auto fail = [&](const std::string& problem) {
    throw std::invalid_argument("tensor of shape " + text(tensor.shape) + ", stride " + text(tensor.stride) +
                                " and offset " + std::to_string(tensor.storage_offset) + ": " + problem);
  };
  if (!tensor.storage) fail("it has no storage");
  if (tensor.shape.size() != tensor.stride.size()) fail("as many strides as sizes are expected");
  if (tensor.shape.size() > kMaxDimensions) fail("at most 64 dimensions are expected");
  if (tensor.storage_offset < 0) fail("the offset is negative");

  // One past the last element that the view reaches, and the number of elements.
  int64_t end = 0;
  int64_t numel = 1;
  bool overflow = __builtin_add_overflow(tensor.storage_offset, 1, &end);
  bool empty = false;
  for (size_t dim = 0; dim < tensor.shape.size(); ++dim) {
    const int64_t size = tensor.shape[dim];
    if (size < 0) fail("a size is negative");
    if (tensor.stride[dim] < 0) fail("a stride is negative");
    int64_t reach = 0;
    empty |= size == 0;
    overflow |= __builtin_mul_overflow(size > 0 ? size - 1 : 0, tensor.stride[dim], &reach);
    overflow |= __builtin_add_overflow(end, reach, &end);
    overflow |= __builtin_mul_overflow(numel, size > 0 ? size : 1, &numel);
  }
  const auto element = static_cast<int64_t>(element_size(tensor.dtype));
  overflow |= __builtin_mul_overflow(end, element, &end) | __builtin_mul_overflow(numel, element, &numel);
  if (overflow) fail("the numbers are too large");
  if (!empty && static_cast<uint64_t>(end) > tensor.storage->size()) {
    fail("it reaches byte " + std::to_string(end) + " of a storage of " + std::to_string(tensor.storage->size()) +
         " bytes");
  }
}

std::span<const std::byte> row_major_bytes(const Tensor& tensor, std::vector<std::byte>& scratch) {
  const auto numel = static_cast<size_t>(tensor.numel());
  if (numel == 0) return {};
  const size_t size = element_size(tensor.dtype);
  const auto begin = static_cast<size_t>(tensor.storage_offset) * size;
  const std::span<const std::byte> bytes = tensor.storage->bytes();
  if (tensor.is_contiguous()) return bytes.subspan(begin, numel * size);
  if (numel * size > std::max(kMaxRepeated, bytes.size())) {
    throw std::length_error("tensor of shape " + text(tensor.shape) + " repeats a storage of " +
                            std::to_string(bytes.size()) + " bytes into " + std::to_string(numel * size));
  }
  scratch.resize(numel * size);
  copy_view(tensor, size, bytes.data() + begin, scratch.data());
  return scratch;
}

void stream_row_major(const Tensor& tensor, const Storage::Use& use) {
  const size_t size = static_cast<size_t>(tensor.numel()) * element_size(tensor.dtype);
  if (size == tensor.storage->size() && tensor.is_contiguous()) return tensor.storage->stream(use);
  if (tensor.storage->is_in_pieces() && tensor.is_contiguous()) return stream_part(tensor, size, use);
  std::vector<std::byte> scratch;
  use(row_major_bytes(tensor, scratch));
  tensor.storage->release();
}

}  // namespace torch_ext::formats
