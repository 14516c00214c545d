#pragma once

#include <memory>
#include <string>

#include "libtorch_ext/data/datasets/image_dataset.h"

namespace torch_ext {

/// Which half of a dataset.
enum class Split { kTrain, kTest };

/// MNIST (LeCun, Cortes, Burges) or a dataset in its form, Fashion-MNIST (Xiao et al.) and KMNIST (Clanuwat et al.)
/// above all, from the four IDX files under their original names, plain or `.gz`: see `mnist.md`. They lie in `root`,
/// in a folder `raw` below it, or in `MNIST/raw` (or `FashionMNIST`, `KMNIST`): `root` may be torchvision's. Throws
/// `DataError` for a missing or damaged file, for numbers that don't agree, and where `root` holds several such
/// datasets.
std::shared_ptr<ImageDataset> mnist(const std::string& root, Split split, Normalization normalization = {});

/// A part of EMNIST (Cohen et al.): "byclass", "bymerge", "balanced", "letters", "digits" or "mnist". As in
/// torchvision, images stay transposed, as the files have them, and "letters" has the labels 1 to 26. Throws as `mnist`
/// does, and a `c10::ValueError` for another `part`.
///
///     tx::emnist("data/EMNIST", "letters", tx::Split::kTrain)
std::shared_ptr<ImageDataset> emnist(const std::string& root, const std::string& part, Split split,
                                     Normalization normalization = {});

}  // namespace torch_ext
