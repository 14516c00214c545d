#pragma once

#include <string>

#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// The text of a record that holds a word or a number. Throws `FormatError` where it is longer than such are.
std::string short_text(const ZipReader& zip, const ZipRecord& record);

/// Throws `FormatError` for what torch.load refuses, and this library's reader does without: all records must be in the
/// folder `prefix`, that of the pickle, and the archive's version and alignment be known.
/// Source: torch/serialization.py (`_load`), caffe2/serialize/inline_container.cc (`PyTorchStreamReader::init`).
void check_for_torch_load(const ZipReader& zip, const std::string& prefix);

/// The same once the pickle is read: a `constants.pkl` and a module of TorchScript come together.
void check_for_script(const ZipReader& zip, const Value& root, bool has_constants);

/// What a zip archive without a pickle of torch.save is, and what to do: the end of an error message.
std::string describe_other_zip(const ZipReader& zip);

}  // namespace torch_ext::formats
