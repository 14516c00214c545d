#include "libtorch_ext/data/loader_error.h"

#include <c10/util/StringUtil.h>

namespace torch_ext {
namespace {

std::string problem(const SamplePosition& at, const std::string& name, const std::string& message) {
  if (at.row < 0) return c10::str("batch ", at.batch, " (epoch ", at.epoch, "): ", message);
  std::string text = c10::str("sample ", at.index, " (epoch ", at.epoch, ", batch ", at.batch, ", row ", at.row, "): ");
  if (!name.empty() && message.find(name) == std::string::npos) text += name + ": ";
  return text + message;
}

}  // namespace

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const c10::Error& e) {
    return e.what_without_backtrace();
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

SampleError::SampleError(const SamplePosition& position, const std::string& name, std::exception_ptr original)
    : DataError("", problem(position, name, message_of(original))), position_(position), original_(original) {}

}  // namespace torch_ext
