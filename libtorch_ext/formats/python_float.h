#pragma once

#include <string>

namespace torch_ext::formats {

/// A float as Python's `repr` writes it, the shortest digits that read back as the same number: `0.1`, `1.0`,
/// `1e-05`, `1e+16`, `inf`, `nan`.
std::string python_float(double value);

}  // namespace torch_ext::formats
