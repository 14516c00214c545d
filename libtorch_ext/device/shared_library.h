#pragma once

#include <dlfcn.h>
#include <string>

namespace torch_ext {

/// A library that is opened while the program runs, and may not be there. Stays open: what it holds is the process's.
class SharedLibrary {
 public:
  explicit SharedLibrary(const char* name) : handle_(dlopen(name, RTLD_LAZY | RTLD_LOCAL)) {
    if (!handle_) problem_ = dlerror();
  }

  /// Why it isn't there; empty where it is.
  const std::string& problem() const { return problem_; }

  /// A function by its name; null where the library has none of that name.
  template <typename Signature>
  Signature* function(const char* name) const {
    return handle_ ? reinterpret_cast<Signature*>(dlsym(handle_, name)) : nullptr;
  }

 private:
  void* handle_;
  std::string problem_;
};

}  // namespace torch_ext
