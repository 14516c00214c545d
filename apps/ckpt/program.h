#pragma once

#include <stdexcept>
#include <string>

namespace ckpt {

inline constexpr const char* kProgram = "tx-ckpt";

/// Runs a verb on `file`, which is named where the verb says only what is too much in it.
template <class Verb>
void naming(const std::string& file, Verb verb) {
  try {
    verb();
  } catch (const std::length_error& error) {
    throw std::length_error(file + ": " + error.what());
  }
}

}  // namespace ckpt
