#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "libtorch_ext/parallel/backends.h"

namespace torch_ext {

bool has_nccl_backend() { return true; }

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                                    std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}

}  // namespace torch_ext
