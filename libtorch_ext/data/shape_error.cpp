#include "libtorch_ext/data/shape_error.h"

#include <c10/util/ArrayRef.h>

namespace torch_ext {
namespace {

std::string problem(const ShapeMismatch& mismatch, const std::string& name, const std::string& first) {
  const std::string field = mismatch.field == 0 ? "" : c10::str(" in field ", mismatch.field);
  return c10::str(name, " has the shape ", c10::IntArrayRef(mismatch.found), field, ", ", first, " ",
                  c10::IntArrayRef(mismatch.expected),
                  "; bring all to one size by a transform (Resize, a crop), or give the loader a `collate` that pads");
}

}  // namespace

ShapeError::ShapeError(ShapeMismatch mismatch, const std::string& name, const std::string& first)
    : c10::ValueError(problem(mismatch, name, first), nullptr), mismatch_(std::move(mismatch)) {}

}  // namespace torch_ext
