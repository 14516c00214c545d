#pragma once

#include <string>

#include "libtorch_ext/core/error.h"

namespace torch_ext {

/// A config that can't be used. The message reads "FILE: POINTER: found …, expected …".
class ConfigError : public Error {
 public:
  ConfigError(std::string file, std::string pointer, const std::string& problem)
      : Error(file + ": " + (pointer.empty() ? "" : pointer + ": ") + problem),
        file_(std::move(file)),
        pointer_(std::move(pointer)) {}

  /// The file the value came from, or the command line option: "--set optimizer.lr=fast".
  const std::string& file() const { return file_; }
  /// RFC 6901: "/optimizer/lr"; empty for the whole document.
  const std::string& pointer() const { return pointer_; }

 private:
  std::string file_;
  std::string pointer_;
};

}  // namespace torch_ext
