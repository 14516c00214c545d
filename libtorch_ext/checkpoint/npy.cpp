#include "libtorch_ext/checkpoint/npy.h"

#include "libtorch_ext/checkpoint/format_errors.h"
#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/formats/numpy/npy.h"
#include "libtorch_ext/formats/numpy/npy_writer.h"

namespace torch_ext {

at::Tensor read_npy(const std::string& path) {
  return with_checkpoint_errors(path, [&] { return to_tensor(formats::read_npy(path)); });
}

std::vector<at::Tensor> read_npy_arrays(const std::string& path) {
  return with_checkpoint_errors(path, [&] {
    std::vector<at::Tensor> tensors;
    for (const auto& array : formats::read_npy_arrays(path)) tensors.push_back(to_tensor(array));
    return tensors;
  });
}

void write_npy(const at::Tensor& tensor, const std::string& path) {
  with_checkpoint_errors(path, [&] {
    TensorWriter writer;
    formats::write_npy(writer(tensor), path);
  });
}

}  // namespace torch_ext
