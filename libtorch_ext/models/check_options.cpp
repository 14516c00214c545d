#include "libtorch_ext/models/check_options.h"

#include <c10/util/Exception.h>

namespace torch_ext::detail {

void check_rgb_options(const char* model, const ModelOptions& options) {
  TORCH_CHECK_VALUE(options.num_classes > 0, model, ": found num_classes = ", options.num_classes,
                    ", expected a positive number");
  TORCH_CHECK_VALUE(options.in_channels == 3, model, ": found in_channels = ", options.in_channels,
                    ", expected 3; a ResNet takes other numbers");
}

}  // namespace torch_ext::detail
