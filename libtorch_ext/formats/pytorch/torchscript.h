#pragma once

#include <string>

#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// Gives the modules of a TorchScript archive the form that Python's pickled modules have, so that whoever understands
/// those understands these: the attributes which the archive's code declares as parameters, buffers and submodules go
/// into the dicts `_parameters`, `_buffers` and `_modules` of the object's state; all others stay where they are.
///
/// `root` is what `<prefix>data.pkl` holds, `prefix` ends in a slash. A class whose code is missing is left as it is.
/// Source: torch/csrc/jit/serialization/python_print.cpp (`printModuleMetadata`).
void sort_module_attributes(const Value& root, const ZipReader& zip, const std::string& prefix);

}  // namespace torch_ext::formats
