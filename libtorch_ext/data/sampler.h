#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <vector>

namespace torch_ext {

/// The indices of one epoch in the order in which Python's `DataLoader(shuffle=…, generator=generator)` visits
/// them, and `generator` left where Python leaves it after that epoch.
///
/// Python draws a base seed for its workers before each epoch, then the permutation, and at the end of a shuffled
/// epoch one more permutation that nobody sees (torch/utils/data: `_BaseDataLoaderIter`, `RandomSampler`).
std::vector<int64_t> epoch_order(int64_t size, bool shuffle, at::Generator& generator);

}  // namespace torch_ext
