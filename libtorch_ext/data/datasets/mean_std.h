#pragma once

#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/data/datasets/normalize_levels.h"

namespace torch_ext {

/// What each channel's values are like: their mean and standard deviation (numpy's, that of the whole population).
struct MeanStd {
  std::vector<double> mean;
  std::vector<double> std;

  /// For a dataset that normalises: its `Normalization` by channel.
  std::vector<Normalization> normalization() const;
};

/// The mean and standard deviation of a dataset's first field by channel, its samples being [C, …]; numbers without a
/// dimension are one channel. One pass; a dataset that normalises has to do it by 0 and 1. What is random in samples
/// is drawn from `seed`. Throws a `c10::ValueError` for a dataset without samples, or samples whose channels differ.
///
/// Algorithm: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979),
/// in double.
///
///     tx::mean_std(*tx::mnist(root, tx::Split::kTrain))   // Fashion-MNIST: 0.2860, 0.3530
MeanStd mean_std(const Dataset& dataset, uint64_t seed = 0);

}  // namespace torch_ext
