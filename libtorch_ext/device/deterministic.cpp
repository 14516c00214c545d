#include "libtorch_ext/device/deterministic.h"

#include <ATen/Context.h>

#include <cstdlib>

namespace torch_ext {

void seed_everything(uint64_t seed) {
  at::manual_seed(seed);
  std::srand(static_cast<unsigned>(seed));
}

void set_deterministic(bool on, DeterministicOptions options) {
  at::globalContext().setDeterministicAlgorithms(on, options.warn_only);
  at::globalContext().setDeterministicCuDNN(on);
  if (!on) return;
  at::globalContext().setBenchmarkCuDNN(false);
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
}

bool is_deterministic() { return at::globalContext().deterministicAlgorithms(); }

}  // namespace torch_ext
