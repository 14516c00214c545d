#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/data/datasets/tensor_dataset.h"

namespace torch_ext {

/// Samples along the first dimension of NumPy arrays, a field for each `.npy` file, or several where `numpy.save` wrote
/// several arrays into it: "xy", "xy.1". Files are mapped, so that they may be larger than memory; big-endian and
/// Fortran-order ones are converted here.
///
/// Throws `DataError` for a file that is no array of numbers (see `formats/numpy/npy.h`), or numbers of samples that
/// differ.
///
///     tx::npy_dataset({"images.npy", "labels.npy"})
std::shared_ptr<TensorDataset> npy_dataset(const std::vector<std::string>& paths);

/// The same for arrays of one `.npz` file: those of these names, in this order, whatever lies beside them; none: all,
/// in the file's order. Throws, too, a `c10::ValueError` for a name that isn't there.
///
///     tx::npz_dataset("mnist.npz", {"x_train", "y_train"})
std::shared_ptr<TensorDataset> npz_dataset(const std::string& path, const std::vector<std::string>& names = {});

}  // namespace torch_ext
