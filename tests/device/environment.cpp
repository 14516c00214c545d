#include <ATen/Context.h>
#include <torch/torch.h>

#include "libtorch_ext/device/deterministic.h"
#include "libtorch_ext/device/env_report.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

TEST_CASE("seed_everything gives the numbers of torch.manual_seed, and rand's, again") {
  tx::seed_everything(3);
  const auto first = torch::randn({5});
  const int number = std::rand();
  torch::manual_seed(3);
  CHECK(torch::equal(torch::randn({5}), first));
  tx::seed_everything(3);
  CHECK(std::rand() == number);
}

TEST_CASE("set_deterministic switches algorithms, cuDNN and cuBLAS, and back") {
  auto& context = at::globalContext();
  context.setBenchmarkCuDNN(true);
  tx::set_deterministic(true);
  CHECK(tx::is_deterministic());
  CHECK(!context.deterministicAlgorithmsWarnOnly());
  CHECK(context.deterministicCuDNN());
  CHECK(!context.benchmarkCuDNN());
  CHECK(std::getenv("CUBLAS_WORKSPACE_CONFIG") != nullptr);
  // What the CPU can't do in one order throws.
  CHECK_THROWS_WITH(torch::zeros({3}).put_(torch::tensor({0, 0}), torch::ones({2})),
                    ContainsSubstring("does not have a deterministic implementation"));
  tx::set_deterministic(true, {.warn_only = true});
  CHECK(context.deterministicAlgorithmsWarnOnly());
  tx::set_deterministic(false);
  CHECK(!tx::is_deterministic());
  CHECK(!context.deterministicCuDNN());
}

TEST_CASE("env_report says what Python says of versions, threads and the CPU") {
  TORCH_EXT_NEEDS_PYTHON();
  const tx::EnvReport report = tx::env_report();
  const auto python = tx::testing::run_python(
      "import torch\n"
      "print(torch.__version__.split('+')[0], torch.backends.cpu.get_cpu_capability())\n");
  CHECK(python == report.torch_version + " " + report.cpu_capability + "\n");
  CHECK(report.num_threads == torch::get_num_threads());
  CHECK(report.num_interop_threads > 0);
  CHECK_THAT(report.os, ContainsSubstring("Linux"));
  CHECK(report.gpus.empty() != report.gpu_problem.empty());
  const std::string text = tx::to_text(report);
  CHECK_THAT(text, ContainsSubstring("libtorch: " + report.torch_version));
  CHECK_THAT(text, ContainsSubstring("cpu: " + report.cpu + ", " + report.cpu_capability));
}
