#pragma once

#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace torch_ext {

/// Two samples of a batch that differ in a tensor's shape, as pictures of two sizes do.
struct ShapeMismatch {
  size_t field = 0;
  size_t sample = 0;              ///< which of the samples differs from the first
  std::vector<int64_t> found;     ///< its shape
  std::vector<int64_t> expected;  ///< the first one's
};

/// What `default_collate` throws for samples that can't be stacked. From a loader or `get_batch` its message names both
/// samples, by file where the dataset knows one:
///
///     train/cat/odd.png has the shape [3, 50, 30], train/cat/0.png [3, 40, 40]; …
class ShapeError : public c10::ValueError {
 public:
  /// `name`, `first`: what the two samples are called.
  ShapeError(ShapeMismatch mismatch, const std::string& name, const std::string& first);

  const ShapeMismatch& mismatch() const { return mismatch_; }

 private:
  ShapeMismatch mismatch_;
};

}  // namespace torch_ext
