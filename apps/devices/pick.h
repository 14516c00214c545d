#pragma once

#include <iosfwd>
#include <optional>
#include <string>

namespace devices {

struct PickOptions {
  int count = 0;                        ///< 0: isn't asked
  std::optional<std::string> min_free;  ///< a size as the user writes it; without one, any
};

/// Prints a value of CUDA_VISIBLE_DEVICES that shows the freest of the visible GPUs; with `json`, an object of it and
/// of these GPUs. Returns the program's exit code. Throws `std::invalid_argument` for a size that is none, and
/// `std::runtime_error` that tells what there is where fewer GPUs fit.
int pick(const PickOptions& options, bool json, std::ostream& out);

}  // namespace devices
