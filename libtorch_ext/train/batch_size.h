#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <string>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/nn/tensor_module.h"
#include "libtorch_ext/train/config.h"

namespace torch_ext {

/// Whether a batch of so many samples fits.
using Fits = std::function<bool(int64_t batch_size)>;

/// The largest batch size up to `most` that fits, to within an eighth: doubled until it doesn't, then halved in between.
/// 0 where not even 1 does.
int64_t largest_that_fits(const Fits& fits, int64_t most);

/// What was chosen, and what it takes.
struct LargestBatch {
  int64_t batch_size = 0;
  double bytes = 0;   ///< that a step's tensors take
  double budget = 0;  ///< bytes that they may take
};

/// "batch_size 512, the largest that fits: a step takes 5.1 of 5.4 GiB".
std::string to_text(const LargestBatch& found);

/// The largest batch size with which a step of `model` fits: on an accelerator by trying, out of memory or not; on the
/// CPU, into half of the memory that is free, by what a small step's tensors took. The model's gradients are gone
/// afterwards, its buffers and random numbers as before. Throws `Error` where not even one sample fits.
LargestBatch largest_batch_size(const TrainConfig& config, const TensorModule& model, const Dataset& dataset,
                                c10::Device device);

}  // namespace torch_ext
