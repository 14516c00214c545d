#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pickle/pickle_writer.h"
#include "libtorch_ext/formats/repr.h"
#include "tests/fuzz/input_file.h"

using namespace torch_ext::formats;

/// Reads a file of these bytes through `read`, shows it, touches all elements of its tensors and pickles it again.
template <class Read>
int read_all(const uint8_t* data, size_t size, const Read& read) {
  const InputFile file(data, size);
  try {
    const Value root = read(file.path);
    repr(root, 1000);
    std::vector<std::byte> scratch;
    for (const auto& [name, tensor] : named_tensors(root)) row_major_bytes(tensor, scratch);
    write_pickle(root, file.path);
  } catch (const FormatError&) {
  } catch (const std::length_error&) {  // views that expand beyond any memory, containers that multiply
  }
  return 0;
}
