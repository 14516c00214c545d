#pragma once

#include <c10/util/Exception.h>

#include <string>
#include <utility>

namespace torch_ext {

/// The base of the errors that this library throws for what a program may react to: a damaged file, a bad
/// config, a device that is not there. Each room derives its own with fields of its own.
///
/// The message reads: subject, found, expected, what to do. `what()` and `what_without_backtrace()` agree:
/// these are the user's errors, and a backtrace would only hide the sentence.
class Error : public c10::Error {
 public:
  explicit Error(std::string message) : c10::Error(std::move(message), nullptr) {}
};

}  // namespace torch_ext
