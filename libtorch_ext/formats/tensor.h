#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libtorch_ext/formats/dtype.h"
#include "libtorch_ext/formats/file/mapped_file.h"

namespace torch_ext::formats {

/// A run of bytes that one or more tensors look into; little-endian.
///
/// The bytes are either there (a mapped file, a tensor's memory) or made at the first call of `bytes()`
/// (a compressed record). Safe to read from several threads.
class Storage {
 public:
  /// `bytes` stay valid as long as `owner` lives.
  Storage(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : size_(bytes.size()), bytes_(bytes), owner_(std::move(owner)) {}
  /// Bytes of a mapped file. `check`, if any, receives their CRC-32 before their first use, and throws if it is wrong.
  Storage(std::span<const std::byte> bytes, std::shared_ptr<const MappedFile> file,
          std::function<void(uint32_t crc32)> check)
      : size_(bytes.size()), bytes_(bytes), mapped_(file.get()), owner_(std::move(file)), check_(std::move(check)) {}
  /// `load` is called once, at the first `bytes()`; it must return exactly `size` bytes or throw.
  Storage(size_t size, std::function<std::vector<std::byte>()> load) : size_(size), load_(std::move(load)) {}
  /// Bytes that may be more than memory holds: `make` hands them to its argument in pieces, `size` bytes in all, or
  /// throws. `stream` keeps none of them.
  using Use = std::function<void(std::span<const std::byte> piece)>;
  static std::shared_ptr<Storage> in_pieces(size_t size, std::function<void(const Use&)> make);
  /// Whether the bytes are made so, and `bytes()` hasn't put them together yet.
  bool is_in_pieces() const { return make_ && !is_ready_; }
  /// `size` bytes that stand behind what refers to them in the file: whoever reads it calls `place` before it hands
  /// the storage out.
  explicit Storage(size_t size) : size_(size) {}
  /// REQUIRES: as many bytes as promised, which stay valid as long as `owner` lives; `file`, if they are in one.
  void place(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const MappedFile* file = nullptr);

  size_t size() const { return size_; }
  /// All bytes. Throws `FormatError` where they are damaged.
  std::span<const std::byte> bytes() const;
  /// The same bytes in pieces, for those who copy files larger than memory: what had to be made isn't kept, and pages
  /// of a mapped file are given back. A wrong CRC-32 throws after the last piece.
  void stream(const Use& use) const;
  /// Gives back the pages of a mapped file that `bytes()` has touched; a later use reads them again.
  void release() const;

  /// Where the tensor lived when it was saved: "cpu", "cuda:0", … Kept on writing.
  std::string location = "cpu";
  /// The dtype of the storage as the file names it (a legacy notion; tensors carry their own).
  std::optional<DType> dtype;

 private:
  std::vector<std::byte> load() const;

  size_t size_;
  mutable std::span<const std::byte> bytes_;
  const MappedFile* mapped_ = nullptr;
  mutable std::shared_ptr<const void> owner_;
  std::function<std::vector<std::byte>()> load_;
  std::function<void(const Use&)> make_;
  std::function<void(uint32_t)> check_;
  mutable std::once_flag once_;
  mutable std::atomic<bool> is_ready_ = false;
};

struct Quantizer;
struct TensorAttributes;

/// A view of a storage: sizes, strides and offset count elements. Readers guarantee that it lies in its storage.
struct Tensor {
  DType dtype = DType::Float;
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;
  int64_t storage_offset = 0;
  std::shared_ptr<const Storage> storage;
  bool requires_grad = false;
  /// Saved as `torch.nn.Parameter` rather than as a plain tensor.
  bool is_parameter = false;
  /// What the integers of a quantized tensor stand for; null for any other.
  std::shared_ptr<const Quantizer> quantizer = nullptr;
  /// What Python keeps beside the elements: a class of its own, attributes. Null for nearly all tensors.
  std::shared_ptr<const TensorAttributes> attributes = nullptr;

  int64_t numel() const;
  bool is_contiguous() const;
};

/// How a quantized tensor's integers stand for numbers: (integer - zero_point) * scale.
struct Quantizer {
  /// Python's word: "per_tensor_affine", or "per_channel_affine" and "per_channel_affine_float_qparams" where each
  /// index along `axis` has a scale and zero point of its own.
  std::string scheme;
  double scale = 1;
  int64_t zero_point = 0;
  Tensor scales = {};       ///< [channels]; per channel only
  Tensor zero_points = {};  ///< [channels]; per channel only
  int64_t axis = 0;

  bool is_per_channel() const { return scheme != "per_tensor_affine"; }
};

/// The strides of a row-major tensor without gaps.
std::vector<int64_t> contiguous_stride(const std::vector<int64_t>& shape);

/// Throws `std::invalid_argument`, saying both numbers, unless every element of `tensor` lies in its storage.
/// Holds for every tensor that a reader returns.
void check_bounds(const Tensor& tensor);

/// The elements of `tensor` in row-major order, little-endian, without gaps.
/// Points into the storage when the tensor is contiguous; otherwise into `scratch`, which is then filled.
/// Throws `std::length_error` for a view that repeats few elements (stride 0) into more than 1 GiB.
std::span<const std::byte> row_major_bytes(const Tensor& tensor, std::vector<std::byte>& scratch);

/// The same bytes in pieces, as `Storage::stream` gives them: a contiguous tensor costs no memory.
void stream_row_major(const Tensor& tensor, const Storage::Use& use);

}  // namespace torch_ext::formats
