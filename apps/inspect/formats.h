#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "libtorch_ext/nn/tensor_module.h"

namespace inspect {

inline const std::vector<std::string> kFormats{"repr", "tree", "summary", "json", "dot", "html"};

/// How a model is shown.
struct Format {
  std::string name;   ///< one of `kFormats`
  std::string title;  ///< of the page
  std::string input;  ///< its shape, "1x3x224x224", for those that run the model; empty: one image of 224x224
};

/// Throws a `c10::ValueError` for an input that isn't a shape or doesn't fit the model.
void print(const torch_ext::TensorModule& model, const Format& format, std::ostream& out);

}  // namespace inspect
