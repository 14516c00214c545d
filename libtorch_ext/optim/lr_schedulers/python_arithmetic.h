#pragma once

#include <c10/util/Exception.h>

#include <cmath>

namespace torch_ext {

/// Python's `a / b`, which throws where C++'s makes infinities. `what` is the subject of the error.
inline double python_divide(double a, double b, const char* what) {
  TORCH_CHECK_VALUE(b != 0, what, ": division by zero, as in Python, in the schedule's formula; change its arguments");
  return a / b;
}

/// Python's `base ** exponent` of floats, which throws where C++'s makes infinities of finite numbers.
inline double python_power(double base, double exponent, const char* what) {
  const double result = std::pow(base, exponent);
  TORCH_CHECK_VALUE(std::isfinite(result) || !std::isfinite(base) || !std::isfinite(exponent), what, ": ", base, " ** ",
                    exponent, " is out of range, as in Python; change the schedule's arguments");
  return result;
}

}  // namespace torch_ext
