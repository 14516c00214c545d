#pragma once

#include <cstdio>
#include <string>
#include <utility>

namespace torch_ext::testing {

/// Prints "repr: 131 of 131" at its end: the tests tagged [counts] tell how much of Python they reach.
class Count {
 public:
  explicit Count(std::string what) : what_(std::move(what)) {}
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;
  ~Count() { std::printf("%s: %d of %d\n", what_.c_str(), reached_, all_); }

  void operator()(bool reached) {
    ++all_;
    reached_ += reached ? 1 : 0;
  }

 private:
  std::string what_;
  int reached_ = 0, all_ = 0;
};

}  // namespace torch_ext::testing
