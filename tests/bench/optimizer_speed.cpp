// Optimizer steps a second: ours, LibTorch's and Python's, in turn, on parameters of the size of LeNet, ResNet-18 and
// one large matrix. Medians of the rounds; the same number of threads for all.
//
//     optimizer_speed PYTHON [ROUNDS [THREADS]]
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "libtorch_ext/optim/adam.h"
#include "libtorch_ext/optim/adamw.h"
#include "libtorch_ext/optim/sgd.h"

namespace tx = torch_ext;

namespace {

using Parameters = std::vector<at::Tensor>;
using Make = std::function<std::unique_ptr<torch::optim::Optimizer>(const Parameters&)>;

const std::map<std::string, std::vector<std::vector<int64_t>>> kModels = {
    {"lenet", {{6, 1, 5, 5}, {6}, {16, 6, 5, 5}, {16}, {120, 400}, {120}, {84, 120}, {84}, {10, 84}, {10}}},
    {"resnet18", {}},
    {"matrix", {{4096, 4096}}},
};

std::vector<std::vector<int64_t>> shapes_of(const std::string& model) {
  auto shapes = kModels.at(model);
  if (model != "resnet18") return shapes;
  const auto conv = [&](int64_t out, int64_t in, int64_t size) {
    shapes.push_back({out, in, size, size});
    shapes.push_back({out});
    shapes.push_back({out});
  };
  conv(64, 3, 7);
  for (const int64_t width : {64, 128, 256, 512}) {
    conv(width, width == 64 ? 64 : width / 2, 3);
    for (int i = 0; i < 3; ++i) conv(width, width, 3);
    if (width > 64) conv(width, width / 2, 1);
  }
  shapes.push_back({1000, 512});
  shapes.push_back({1000});
  return shapes;
}

struct Row {
  std::string name, python;
  Make ours, theirs;
};

template <class Ours, class Theirs, class Options>
Row row(const char* name, const char* python, const Options& options) {
  return {name, python, [options](const Parameters& p) { return std::make_unique<Ours>(p, options); },
          [options](const Parameters& p) { return std::make_unique<Theirs>(p, options); }};
}

double steps_per_second(torch::optim::Optimizer& optimizer) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_for = [&](int count) {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) optimizer.step();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  seconds_for(2);
  int count = 1;
  double seconds = 0;
  while ((seconds = seconds_for(count)) < 0.2) count *= 2;
  return count / seconds;
}

double in_python(const std::string& python, const std::string& model, const std::string& make, int threads) {
  std::string shapes = "[";
  for (const auto& shape : shapes_of(model)) {
    shapes += "(";
    for (const auto size : shape) shapes += std::to_string(size) + ",";
    shapes += "),";
  }
  const std::string code = "import time, torch; from torch.optim import *; torch.set_num_threads(" +
                           std::to_string(threads) + ")\np = [torch.randn(s).requires_grad_() for s in " + shapes +
                           "]]\nfor x in p: x.grad = torch.randn_like(x)\no = " + make +
                           "\ndef run(n):\n    t = time.perf_counter()\n    for _ in range(n): o.step()\n"
                           "    return time.perf_counter() - t\nrun(2); n = 1\n"
                           "while True:\n    s = run(n)\n    if s >= 0.2: break\n    n *= 2\nprint(n / s)\n";
  FILE* pipe = popen((python + " -c \"" + code + "\"").c_str(), "r");
  double result = 0;
  if (!pipe || std::fscanf(pipe, "%lf", &result) != 1) std::fprintf(stderr, "Python failed\n");
  if (pipe) pclose(pipe);
  return result;
}

double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::string python = argc > 1 ? argv[1] : "python3";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const int threads = argc > 3 ? std::atoi(argv[3]) : at::get_num_threads();
  at::set_num_threads(threads);
  using namespace torch::optim;
  const std::vector<Row> rows = {
      row<tx::SGD, SGD>("SGD", "SGD(p, lr=1e-6)", SGDOptions(1e-6)),
      row<tx::SGD, SGD>("SGD, momentum, decay", "SGD(p, lr=1e-6, momentum=0.9, weight_decay=1e-4)",
                        SGDOptions(1e-6).momentum(0.9).weight_decay(1e-4)),
      row<tx::Adam, Adam>("Adam", "Adam(p, lr=1e-6)", AdamOptions(1e-6)),
      row<tx::AdamW, AdamW>("AdamW", "AdamW(p, lr=1e-6)", AdamWOptions(1e-6)),
  };
  std::printf("steps/s, medians of %d rounds, %d threads\n%-10s %-22s %10s %10s %10s\n", rounds, threads, "model",
              "optimizer", "ours", "LibTorch", "Python");
  for (const char* model : {"lenet", "resnet18", "matrix"}) {
    for (const auto& row : rows) {
      std::vector<double> ours, theirs, pythons;
      for (int round = 0; round < rounds; ++round) {
        Parameters p;
        for (const auto& shape : shapes_of(model)) p.push_back(torch::randn(shape).requires_grad_());
        for (auto& parameter : p) parameter.mutable_grad() = torch::randn_like(parameter);
        ours.push_back(steps_per_second(*row.ours(p)));
        theirs.push_back(steps_per_second(*row.theirs(p)));
        p.clear();
        pythons.push_back(in_python(python, model, row.python, threads));
      }
      std::printf("%-10s %-22s %10.1f %10.1f %10.1f\n", model, row.name.c_str(), median(ours), median(theirs),
                  median(pythons));
      std::fflush(stdout);
    }
  }
}
