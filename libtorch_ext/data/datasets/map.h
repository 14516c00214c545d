#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// A dataset whose samples go through `function`, which is called from several threads at once. What is random in it
/// comes from its second argument.
///
/// `fields`: what the function's samples consist of; given where all agree in it, samples go straight into the batch.
///
///     auto noisy = tx::map(dataset, [](tx::Sample sample, tx::Random& random) {
///       sample[0] = sample[0] + random.normal();
///       return sample;
///     });
std::shared_ptr<Dataset> map(std::shared_ptr<const Dataset> dataset,
                             std::function<Sample(Sample sample, Random& random)> function,
                             std::vector<Field> fields = {});

}  // namespace torch_ext
