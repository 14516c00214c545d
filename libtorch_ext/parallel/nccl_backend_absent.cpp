#include "libtorch_ext/parallel/backends.h"
#include "libtorch_ext/parallel/error.h"

namespace torch_ext {

bool has_nccl_backend() { return false; }

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>&, int, int,
                                                    std::chrono::milliseconds) {
  throw ProcessGroupError(
      "backend \"nccl\": found a build without CUDA, expected one that was configured with TORCH_EXT_CUDA=ON where the "
      "CUDA toolkit is; use \"gloo\"");
}

}  // namespace torch_ext
