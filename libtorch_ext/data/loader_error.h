#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "libtorch_ext/data/error.h"

namespace torch_ext {

/// Where in an epoch a sample stands.
struct SamplePosition {
  int64_t epoch = 0;
  int64_t batch = 0;
  int64_t row = 0;    ///< in its batch; -1: the batch as a whole, that could not be collated
  int64_t index = 0;  ///< in the dataset; in a stream, its number from the start
};

/// A sample that can't be read. The message names epoch, batch, row, index, the dataset's name for it (its file,
/// mostly), and what the dataset said.
class SampleError : public DataError {
 public:
  SampleError(const SamplePosition& position, const std::string& name, std::exception_ptr original);

  const SamplePosition& position() const { return position_; }
  /// What the dataset threw, for `std::rethrow_exception`.
  const std::exception_ptr& original() const { return original_; }

 private:
  SamplePosition position_;
  std::exception_ptr original_;
};

/// A batch that did not come in time. The loader is free for a new epoch then.
class LoaderTimeout : public Error {
 public:
  using Error::Error;
};

/// An exception's message, without LibTorch's backtrace.
std::string message_of(const std::exception_ptr& error);

}  // namespace torch_ext
