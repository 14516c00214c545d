#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <vector>

namespace torch_ext {

/// The numbers from 0 to `size` - 1 in the order that `torch.randperm(size, generator=generator)` gives, which leaves
/// the generator in the same state, in about a third of the time. Throws for a generator that is not the CPU's.
///
/// Algorithm: Fisher and Yates' shuffle, one number of the Mersenne twister (Matsumoto, Nishimura 1998) per element,
/// as `randperm` does it; numbers come in blocks, and the elements that they name are fetched ahead.
std::vector<int64_t> random_permutation(int64_t size, at::Generator& generator);

/// Takes from `generator` what `random_permutation(size, generator)` takes.
void skip_permutation(int64_t size, at::Generator& generator);

}  // namespace torch_ext
