#pragma once

#include <string>

#include "libtorch_ext/core/error.h"

namespace torch_ext {

/// Data that can't be read or doesn't fit together. The message starts with the file where there is one.
class DataError : public Error {
 public:
  DataError(std::string file, const std::string& problem)
      : Error(file.empty() ? problem : file + ": " + problem), file_(std::move(file)) {}

  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

}  // namespace torch_ext
