#pragma once

#include <string>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/error.h"

namespace torch_ext {

/// A checkpoint that can't be read, written or used. The message starts with the file where there is one.
class CheckpointError : public Error {
 public:
  CheckpointError(std::string file, const std::string& problem)
      : Error(file.empty() ? problem : file + ": " + problem), file_(std::move(file)) {}
  /// The same file and message.
  explicit CheckpointError(const formats::FormatError& error) : Error(error.what()), file_(error.file()) {}

  /// The file, or an empty string when the trouble is with a value that came from no file.
  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

}  // namespace torch_ext
