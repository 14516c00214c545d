#pragma once

#include <string>

#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/nn/tensor_module.h"

/// Whole models: files of Python's `torch.save(model)`, whose classes are named in the file and whose code isn't.
/// To take only the weights of such a file, whatever its classes, use `load_state_dict`.
namespace torch_ext {

/// The model of a file of `torch.save(model)`, rebuilt: it computes what Python's computes, bit for bit.
///
/// Python's `nn.Sequential`, nested to any depth, becomes `tx::Sequential` with the same names; a layer of torch.nn
/// becomes its LibTorch namesake with the same options, weights, buffers, `requires_grad` and mode (train or eval).
/// A module or weight that stands in the model twice is one here, too. `DataParallel` becomes a Sequential of its
/// "module". Everything is on the CPU. Leaves LibTorch's random generator as it was.
///
/// A checkpoint that has the model under "model" or "state_dict" will do.
/// Throws `CheckpointError` that names the file and the way to the module whose class can't be rebuilt: one of the
/// user's, one with hooks (`weight_norm`, …), one that LibTorch lacks, one that takes or returns more than a tensor.
///
///     tx::TensorModule net = tx::build_module(tx::load("whole.pt"));
///     net.forward(torch::ones({1, 3, 224, 224}));
TensorModule build_module(const LoadedFile& source);

/// Writes the model so that Python's `torch.load(path, weights_only=False)` returns a working module of torch.nn's
/// classes: an `nn.Sequential` for `tx::Sequential` and `torch::nn::Sequential`, or the single layer.
///
/// Knows the layers that `build_module` knows. Throws `CheckpointError` that names the way to any other module.
/// What is promised of the file: see `save` in `checkpoint/file.h`.
///
///     tx::save_module(*net, "whole.pt");
void save_module(const torch::nn::Module& module, const std::string& path);

/// The value that `save_module` writes, to be put into a checkpoint of more.
Value module_value(const torch::nn::Module& module, TensorWriter& writer);

}  // namespace torch_ext
