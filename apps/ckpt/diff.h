#pragma once

#include <iosfwd>
#include <string>

namespace ckpt {

struct DiffOptions {
  std::string a;
  std::string b;
  double atol = 0;  ///< |a - b| <= atol + rtol * |b| is equal, as in torch.allclose
  double rtol = 0;
  bool json = false;
};

/// Prints where two files differ: names, dtypes, shapes, elements, other values. Strides and sharing may differ.
/// True where they don't.
bool diff(const DiffOptions& options, std::ostream& out);

}  // namespace ckpt
