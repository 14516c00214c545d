#include "libtorch_ext/parallel/scatter_gather.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/chunk.h>

namespace torch_ext {

std::vector<at::Tensor> scatter_tensor(const at::Tensor& tensor, const std::vector<c10::Device>& devices, int64_t dim) {
  TORCH_CHECK_VALUE(tensor.dim() > 0, "scatter: found a tensor of no dimensions, expected one to cut along dimension ",
                    dim, "; pass a number as a number");
  auto parts = tensor.chunk(static_cast<int64_t>(devices.size()), dim);
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i] = parts[i].to(devices[i], parts[i].scalar_type(), /*non_blocking=*/true);
  }
  return parts;
}

at::Tensor gather_tensors(const std::vector<at::Tensor>& parts, c10::Device device, int64_t dim) {
  const bool background = !device.is_cpu();  // the CPU wouldn't wait for the GPU's copy
  std::vector<at::Tensor> there;
  for (const auto& part : parts) {
    there.push_back((part.dim() == 0 ? part.unsqueeze(0) : part).to(device, part.scalar_type(), background));
  }
  return at::cat(there, parts[0].dim() == 0 ? 0 : dim);
}

}  // namespace torch_ext
