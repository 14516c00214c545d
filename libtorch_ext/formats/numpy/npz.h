#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// A file that `numpy.savez` or `savez_compressed` wrote: arrays by name, each read only when it is asked for, so that
/// text or objects beside the numbers do no harm.
///
/// Format: a zip archive whose records are .npy files, "NAME.npy" by custom. Folders are passed over.
///
///     NpzFile file("mnist.npz");
///     file.names();          // {"x_train", "y_train"}
///     file.read("x_train");
class NpzFile {
 public:
  /// Reads the archive's directory. Throws `FormatError` where that is damaged.
  explicit NpzFile(const std::string& path) : zip_(path) {}

  /// The records' names without ".npy", in the file's order: NumPy's `NpzFile.files`.
  std::vector<std::string> names() const;
  /// Whether there is a record of that name, with or without its ".npy".
  bool has(const std::string& name) const { return find(name) != nullptr; }

  /// An array that the file `has`. What is stored is a view of the mapped file; what is deflated is unpacked here, to
  /// know its header. Throws `FormatError` that names the record for one that is no array of numbers (`npy.h`), or
  /// whose CRC-32 is wrong: then, or at the first use of the array.
  Tensor read(const std::string& name) const { return read(*find(name)); }

  /// All by name, in the file's order. Throws `FormatError`, too, where one can't be read; the message says which ones
  /// can.
  std::vector<std::pair<std::string, Tensor>> read_all() const;

 private:
  const ZipRecord* find(const std::string& name) const;
  Tensor read(const ZipRecord& record) const;

  ZipReader zip_;
};

}  // namespace torch_ext::formats
