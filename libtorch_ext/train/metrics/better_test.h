#pragma once

#include <cmath>
#include <optional>

namespace torch_ext {

/// Whether a test is better than the best so far: a higher accuracy, or the same one with a lower loss. A test with NaN
/// in it never is; any other is better than none.
///
/// `best_loss`: nothing where it isn't known; then the same accuracy isn't better.
inline bool is_better_test(double accuracy, double loss, std::optional<double> best_accuracy,
                           std::optional<double> best_loss) {
  if (std::isnan(accuracy) || std::isnan(loss)) return false;
  if (!best_accuracy || std::isnan(*best_accuracy)) return true;
  return accuracy > *best_accuracy || (accuracy == *best_accuracy && best_loss && loss < *best_loss);
}

}  // namespace torch_ext
