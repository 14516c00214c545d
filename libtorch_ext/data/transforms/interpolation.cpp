#include "libtorch_ext/data/transforms/interpolation.h"

namespace torch_ext::transforms {

const char* value_of(InterpolationMode mode) {
  switch (mode) {
    case InterpolationMode::kNearest:
      return "nearest";
    case InterpolationMode::kNearestExact:
      return "nearest-exact";
    case InterpolationMode::kBilinear:
      return "bilinear";
    case InterpolationMode::kBicubic:
      return "bicubic";
  }
  return "";
}

const char* name_of(InterpolationMode mode) {
  switch (mode) {
    case InterpolationMode::kNearest:
      return "InterpolationMode.NEAREST";
    case InterpolationMode::kNearestExact:
      return "InterpolationMode.NEAREST_EXACT";
    case InterpolationMode::kBilinear:
      return "InterpolationMode.BILINEAR";
    case InterpolationMode::kBicubic:
      return "InterpolationMode.BICUBIC";
  }
  return "";
}

}  // namespace torch_ext::transforms
