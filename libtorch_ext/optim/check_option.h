#pragma once

#include <c10/util/Exception.h>

#include <limits>
#include <tuple>

namespace torch_ext {

/// Throws `c10::ValueError` where an optimizer's option is out of Python's range for it.
inline void check_option(const char* optimizer, const char* option, double value, double least = 0,
                         double most = std::numeric_limits<double>::infinity()) {
  TORCH_CHECK_VALUE(value >= least, optimizer, ": found ", option, " = ", value, ", expected at least ", least);
  TORCH_CHECK_VALUE(value <= most, optimizer, ": found ", option, " = ", value, ", expected at most ", most);
}

/// The same for both betas, which go from 0 to below 1.
inline void check_betas(const char* optimizer, const std::tuple<double, double>& betas) {
  const auto [beta1, beta2] = betas;
  TORCH_CHECK_VALUE(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, optimizer, ": found betas = (", beta1, ", ",
                    beta2, "), expected numbers from 0 to below 1");
}

}  // namespace torch_ext
