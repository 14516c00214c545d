#include "libtorch_ext/checkpoint/load_tensors.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/format_errors.h"
#include "libtorch_ext/checkpoint/name_filter.h"
#include "libtorch_ext/formats/flatten.h"

namespace torch_ext {
namespace {

// Converts the memory, not the view, which may repeat few elements endlessly.
at::Tensor converted(const at::Tensor& tensor, at::ScalarType dtype) {
  const auto elements = static_cast<int64_t>(tensor.storage().nbytes() / tensor.element_size());
  const at::Tensor memory = torch::empty({0}, tensor.options()).set_(tensor.storage(), 0, {elements}, {1});
  return memory.to(dtype).as_strided(tensor.sizes(), tensor.strides());
}

}  // namespace

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
        tensors.insert(name, converted(to_tensor(value, options.device), *options.dtype));
      } else {
        tensors.insert(name, reader(value));
      }
    }
    return tensors;
  });
}

}  // namespace torch_ext
