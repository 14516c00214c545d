#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/train/run.h"

namespace torch_ext {

struct LrFindOptions {
  double start = 1e-6;  ///< the first step's learning rate
  double end = 10;      ///< the last one's; the search ends before where the loss runs away
  int64_t steps = 100;  ///< each at a rate higher by the same factor
};

/// How the loss went while the learning rate rose.
struct LrFind {
  std::vector<double> lrs;
  std::vector<double> losses;  ///< smoothed: of step i, the mean of the last ones weighted by 0.9 ^ age
  double suggestion = 0;       ///< where the loss fell most steeply
};

/// The range test of Smith, "Cyclical Learning Rates for Training Neural Networks", 2017: trains with a learning rate
/// that rises step by step. The run is spent afterwards. Throws `Error` where the loss never fell.
LrFind lr_find(Run& run, const LrFindOptions& options = {});

/// A table, and the suggestion.
std::string to_text(const LrFind& found);

}  // namespace torch_ext
