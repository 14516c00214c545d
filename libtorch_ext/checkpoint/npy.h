#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace torch_ext {

/// An array that `numpy.save` wrote, as a tensor that owns its memory: Python's `torch.from_numpy(numpy.load(path))`.
/// Throws `CheckpointError`, also where something follows the array; what can be read: `formats/numpy/npy.h`.
///
///     at::Tensor x = tx::read_npy("x.npy");
at::Tensor read_npy(const std::string& path);

/// All arrays of a file to which `numpy.save` wrote several, one behind another.
std::vector<at::Tensor> read_npy_arrays(const std::string& path);

/// Writes what `numpy.load` reads, from any device: `numpy.save(path, tensor.cpu().numpy())`, the same bytes. Throws
/// `CheckpointError`, also for dtypes that NumPy lacks, such as bfloat16.
///
///     tx::write_npy(x, "x.npy");
void write_npy(const at::Tensor& tensor, const std::string& path);

}  // namespace torch_ext
