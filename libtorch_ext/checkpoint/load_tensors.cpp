#include "libtorch_ext/checkpoint/load_tensors.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/format_errors.h"
#include "libtorch_ext/checkpoint/name_filter.h"
#include "libtorch_ext/formats/flatten.h"

namespace torch_ext {

torch::OrderedDict<std::string, at::Tensor> load_tensors(const LoadedFile& file, const LoadTensorsOptions& options) {
  return with_checkpoint_errors(file.path, [&] {
    torch::OrderedDict<std::string, at::Tensor> tensors("tensor");
    TensorReader reader(options.device);
    for (const auto& [key, value] : formats::named_tensors(file.root)) {
      const std::string name = formats::renamed(options.rename, key);
      if (!is_chosen(name, options.only, options.exclude)) continue;
      if (tensors.contains(name)) throw CheckpointError(file.path, "two tensors have the name \"" + name + "\"");
      const bool is_floating = c10::isFloatingType(value.dtype);
      if (options.dtype && is_floating && *options.dtype != value.dtype) {
        tensors.insert(name, to_tensor(value, options.device).to(*options.dtype));
      } else {
        tensors.insert(name, reader(value));
      }
    }
    return tensors;
  });
}

}  // namespace torch_ext
