#pragma once

#include <stdexcept>
#include <string>

namespace torch_ext::formats {

/// A file that can't be read or written: the message starts with the file's name and says what was found,
/// what was expected and, where known, at which byte or record.
///
/// Not a `c10::Error`, because this room does without LibTorch; `checkpoint/` and `data/` turn it into one.
class FormatError : public std::runtime_error {
 public:
  FormatError(std::string file, const std::string& problem)
      : std::runtime_error(file + ": " + problem), file_(std::move(file)) {}

  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

}  // namespace torch_ext::formats
