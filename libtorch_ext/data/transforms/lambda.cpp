#include "libtorch_ext/data/transforms/lambda.h"

#include <c10/util/Exception.h>

namespace torch_ext::transforms {

Lambda::Lambda(Function lambd) : lambd_(std::move(lambd)) {
  TORCH_CHECK_VALUE(lambd_, "Lambda: lambd is empty; expected a function");
}

}  // namespace torch_ext::transforms
