#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include <memory>
#include <vector>

#include "libtorch_ext/data/datasets/subset.h"

namespace torch_ext {

/// Cuts a dataset into parts at random: Python's `random_split`, and the same parts for the same generator.
///
/// `lengths` are the parts' numbers of samples, which add up to the dataset's, or fractions that add up to 1, each
/// rounded down; samples left over go to the first parts, one each. Throws a `c10::ValueError` where they don't add up.
///
///     auto parts = tx::random_split(dataset, {0.9, 0.1}, at::detail::createCPUGenerator(42));
std::vector<std::shared_ptr<Subset>> random_split(std::shared_ptr<const Dataset> dataset,
                                                  const std::vector<double>& lengths,
                                                  at::Generator generator = at::detail::getDefaultCPUGenerator());

}  // namespace torch_ext
