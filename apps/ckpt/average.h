#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace ckpt {

struct AverageOptions {
  std::vector<std::string> in;
  std::string out;
  std::string format;  ///< as in ConvertOptions
};

/// Writes the state_dict whose floating-point tensors are the means of the files' (stochastic weight averaging);
/// integers and other values are the last file's. Means are taken in double precision. Throws unless all files have the
/// same names, dtypes and shapes.
void average(const AverageOptions& options, std::ostream& out);

}  // namespace ckpt
