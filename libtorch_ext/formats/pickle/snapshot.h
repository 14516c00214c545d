#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "libtorch_ext/formats/pickle/pickle_writer.h"
#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// A value frozen as it is now, to be written later, by another thread too, while the original goes on changing.
///
///     Snapshot snapshot;
///     snapshot.take(root, "last.pt");                    // from here on `root` and its tensors may change
///     write_pytorch_zip(snapshot.pickle(), "last.pt");
///     snapshot.take(root, "last.pt");                    // the same memory once more
class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// Copies structure and bytes; what was taken before is gone. The memory is one block that only grows: the next
  /// snapshot of as many bytes allocates nothing large. Storages that don't live on the CPU are not copied again:
  /// whoever made the value brought them here, into memory of their own.
  ///
  /// `file` is named in errors. Throws `FormatError` for what `write_pickle` refuses; the snapshot is empty then.
  void take(const Value& root, const std::string& file);

  /// Lets go of what was taken, but for the block of memory.
  void clear() { pickle_ = {}; }

  /// What was taken. Valid until the next `take` or `clear`.
  const Pickle& pickle() const { return pickle_; }
  /// Bytes that the snapshot holds on to.
  size_t capacity() const { return capacity_; }

 private:
  std::byte* reserve(size_t size);

  std::unique_ptr<std::byte[]> memory_;
  size_t capacity_ = 0;
  Pickle pickle_;
};

}  // namespace torch_ext::formats
