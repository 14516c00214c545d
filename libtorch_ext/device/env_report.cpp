#include "libtorch_ext/device/env_report.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include <cstdio>
#include <fstream>
#include <sys/utsname.h>

#include "libtorch_ext/core/version.h"
#include "libtorch_ext/device/visible_devices.h"

namespace torch_ext {
namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string cuda_runtime() {
  if (!at::globalContext().hasCUDART()) return "";
  const long version = at::detail::getCUDAHooks().versionCUDART();
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string gpu_line(const VisibleGpu& gpu) {
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  char memory[64];
  std::snprintf(memory, sizeof(memory), " (%.1f of %.1f GiB free)", static_cast<double>(gpu.gpu.free_bytes) / kGiB,
                static_cast<double>(gpu.gpu.total_bytes) / kGiB);
  return "cuda:" + std::to_string(*gpu.visible) + ": " + gpu.gpu.name + memory;
}

}  // namespace

EnvReport env_report() {
  EnvReport report;
  report.version = TORCH_EXT_VERSION;
  report.torch_version = TORCH_VERSION;
  report.cuda_build = cuda_runtime();
#ifdef __clang__
  report.compiler = __VERSION__;
#else
  report.compiler = "GCC " __VERSION__;
#endif
  utsname system;
  if (::uname(&system) == 0) {
    report.os = std::string(system.sysname) + " " + system.release + " " + system.machine;
  }
  report.cpu = cpu_name();
  report.cpu_capability = at::get_cpu_capability();
  report.num_threads = at::get_num_threads();
  report.num_interop_threads = at::get_num_interop_threads();
  const VisibleDevices visible = visible_devices();
  for (const auto& gpu : visible.gpus) {
    if (gpu.visible) report.gpus.push_back(gpu_line(gpu));
  }
  for (int i = static_cast<int>(report.gpus.size()); i < visible.count; ++i) {
    report.gpus.push_back("cuda:" + std::to_string(i));
  }
  if (report.gpus.empty()) report.gpu_problem = visible.problem.empty() ? "none visible" : visible.problem;
  return report;
}

std::string to_text(const EnvReport& report) {
  std::string text = "libtorch_ext: " + report.version + "\n";
  text += "libtorch: " + report.torch_version +
          (report.cuda_build.empty() ? " (without CUDA)\n" : " (CUDA " + report.cuda_build + ")\n");
  text += "compiler: " + report.compiler + "\nsystem: " + report.os + "\ncpu: " + report.cpu + ", " +
          report.cpu_capability + "\nthreads: " + std::to_string(report.num_threads) + ", " +
          std::to_string(report.num_interop_threads) + " between operations\n";
  if (report.gpus.empty()) text += "gpus: none (" + report.gpu_problem + ")\n";
  for (const auto& gpu : report.gpus) text += "gpu: " + gpu + "\n";
  return text;
}

}  // namespace torch_ext
