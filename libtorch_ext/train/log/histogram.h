#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace torch_ext {

/// A histogram as TensorBoard keeps it.
struct Histogram {
  double min = 0;
  double max = 0;
  double num = 0;  ///< how many numbers
  double sum = 0;
  double sum_squares = 0;
  std::vector<double> bucket_limit;  ///< upper ends, ascending
  std::vector<double> bucket;        ///< how many are below the limit and not below the one before it
};

/// The upper ends that Python's `add_histogram` takes by default, `bins="tensorflow"`: 0 and both signs of 1e-12
/// x 1.1^n below 1e20.
const std::vector<double>& tensorflow_bins();

/// The histogram that Python's `add_histogram` writes: `numpy.histogram`'s counts in `bins`, without the empty ones at
/// both ends, but for one before the first. Throws a `c10::ValueError` where there are no numbers, or none within bins.
Histogram make_histogram(const at::Tensor& values, const std::vector<double>& bins = tensorflow_bins());

}  // namespace torch_ext
