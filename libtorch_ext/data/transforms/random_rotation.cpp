#include "libtorch_ext/data/transforms/random_rotation.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/data/transforms/functional/warp.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

RandomRotation::RandomRotation(RandomRotationOptions options) : options_(std::move(options)) {
  options_.degrees = both_sides("RandomRotation", "degrees", options_.degrees);
}

at::Tensor RandomRotation::operator()(const at::Tensor& image, Random& random) const {
  const double angle = random.uniform(options_.degrees.low, options_.degrees.high);
  return functional::rotate(image, angle, {options_.interpolation, options_.fill.values, options_.center},
                            options_.expand);
}

std::string RandomRotation::repr() const {
  return "RandomRotation(degrees=" + python_list({options_.degrees.low, options_.degrees.high}) +
         ", interpolation=" + value_of(options_.interpolation) + ", expand=" + python_bool(options_.expand) +
         (options_.center ? ", center=" + number_tuple({(*options_.center)[0], (*options_.center)[1]}) : "") +
         ", fill=" + to_text(options_.fill) + ")";
}

}  // namespace torch_ext::transforms
