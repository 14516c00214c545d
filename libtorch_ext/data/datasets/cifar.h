#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/data/datasets/image_dataset.h"
#include "libtorch_ext/data/datasets/mnist.h"

namespace torch_ext {

/// CIFAR-10 (Krizhevsky): 50,000 and 10,000 images [3, 32, 32] of 10 classes, from either version of
/// https://www.cs.toronto.edu/~kriz/cifar.html: the binary one, `data_batch_1.bin` to `data_batch_5.bin`,
/// `test_batch.bin`, plain or `.gz`, in `root` or a folder `cifar-10-batches-bin` below it; or else the one for Python,
/// `data_batch_1` and so on, in `root` or in `cifar-10-batches-py`, as torchvision has it. `normalization`: one for
/// each channel, or one for all. Throws `DataError` for a missing or damaged file or a label out of range.
///
/// Format of the binary version: for each image one byte, the label, then 1024 bytes each of red, green and blue, row
/// by row; of the other: `cifar_pickle.h`.
///
///     tx::cifar10("data", tx::Split::kTrain, {{0.4914, 0.2470}, {0.4822, 0.2435}, {0.4465, 0.2616}})
std::shared_ptr<ImageDataset> cifar10(const std::string& root, Split split,
                                      const std::vector<Normalization>& normalization = {{}});

/// Which of the two labels of a CIFAR-100 image.
enum class Cifar100Label { kCoarse, kFine };

/// CIFAR-100: 50,000 and 10,000 images of 100 classes, or 20 coarse ones: `train.bin` and `test.bin` in `root` or a
/// folder `cifar-100-binary` below it, or `train` and `test` in `root` or `cifar-100-python`; else as `cifar10`. In the
/// binary version two bytes stand before an image, its coarse and its fine label.
std::shared_ptr<ImageDataset> cifar100(const std::string& root, Split split,
                                       const std::vector<Normalization>& normalization = {{}},
                                       Cifar100Label label = Cifar100Label::kFine);

}  // namespace torch_ext
