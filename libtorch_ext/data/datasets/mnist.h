#pragma once

#include <memory>
#include <string>

#include "libtorch_ext/data/datasets/image_dataset.h"

namespace torch_ext {

/// Which half of a dataset.
enum class Split { kTrain, kTest };

/// MNIST (LeCun, Cortes, Burges) or a dataset in its form, Fashion-MNIST (Xiao et al.) above all, from the four
/// IDX files under their original names, plain or `.gz`: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
/// `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`. They lie in `root`, or in a folder `raw` below it as
/// torchvision keeps them. Throws `DataError` for a missing or damaged file, or numbers that don't agree.
std::shared_ptr<ImageDataset> mnist(const std::string& root, Split split, Normalization normalization = {});

}  // namespace torch_ext
