#pragma once

#include <string>
#include <vector>

namespace torch_ext {

/// What a bug report should say: `python -m torch.utils.collect_env` in brief.
struct EnvReport {
  std::string version;         ///< of this library
  std::string torch_version;   ///< of LibTorch's headers: "2.11.0"
  std::string cuda_build;      ///< the CUDA version that LibTorch runs with, "13.0"; empty: none
  std::string compiler;        ///< of this library
  std::string os;              ///< "Linux 6.1.0 x86_64"
  std::string cpu;             ///< "AMD EPYC 7R13"
  std::string cpu_capability;  ///< "AVX2", "AVX512", …: Python's `torch.backends.cpu.get_cpu_capability()`
  int num_threads = 0;         ///< within an operation
  int num_interop_threads = 0;
  std::vector<std::string> gpus;  ///< "cuda:0: NVIDIA H100 80GB HBM3 (78.9 of 79.6 GiB free)"
  std::string gpu_problem;        ///< why there are none; else empty
};

/// Asks LibTorch, the system and NVIDIA's driver.
EnvReport env_report();

/// A line for each: "libtorch: 2.11.0 (CUDA 13.0)", ….
std::string to_text(const EnvReport& report);

}  // namespace torch_ext
