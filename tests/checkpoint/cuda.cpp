#include <torch/torch.h>

#include <cstdio>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "tests/support/cuda.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

TEST_CASE("on a GPU: what is saved there loads on the CPU, and back, bit for bit", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const tx::testing::TempDir dir;
  const std::string name = GENERATE("model.pt", "model.safetensors");
  torch::nn::Linear there(5, 3), here(5, 3), again(5, 3);
  there->to(torch::Device("cuda:0"));
  again->to(torch::Device("cuda:0"));
  tx::save(tx::state_dict(*there), dir / name);
  const auto file = tx::load(dir / name);
  tx::load_state_dict(*here, file);
  CHECK(here->weight.is_cpu());
  CHECK(torch::equal(here->weight, there->weight.cpu()));
  tx::load_state_dict(*again, file);
  CHECK(again->weight.device() == torch::Device("cuda:0"));
  CHECK(torch::equal(again->weight, there->weight));
  if (name != "model.pt" || !tx::testing::python_problem().empty()) return;
  char sum[64];
  std::snprintf(sum, sizeof(sum), "%a", there->weight.cpu().sum(torch::kDouble).item<double>());
  CHECK(tx::testing::run_python("import sys, torch\n"
                                "weight = torch.load(sys.argv[1], map_location='cpu')['weight']\n"
                                "print(weight.sum(dtype=torch.float64).item() == float.fromhex(sys.argv[2]))",
                                {dir / name, sum}) == "True\n");
}

TEST_CASE("on a GPU: an optimizer's state goes to the device of its parameters", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const tx::testing::TempDir dir;
  auto trained = [](torch::nn::Linear& net, torch::optim::SGD& optimizer) {
    net(torch::ones({2, 5}, net->weight.device())).sum().backward();
    optimizer.step();
  };
  torch::nn::Linear there(5, 3), here(5, 3);
  there->to(torch::Device("cuda:0"));
  torch::optim::SGD there_steps(there->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  torch::optim::SGD here_steps(here->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  trained(there, there_steps);
  tx::TensorWriter writer;
  tx::save(tx::optimizer_state_dict(there_steps, writer), dir / "optimizer.pt");
  tx::load_optimizer_state_dict(here_steps, tx::load(dir / "optimizer.pt").root);
  auto momentum = [](const torch::optim::SGD& optimizer) {
    return static_cast<const torch::optim::SGDParamState&>(*optimizer.state().begin()->second).momentum_buffer();
  };
  CHECK(momentum(here_steps).is_cpu());
  trained(here, here_steps);
  torch::optim::SGD again(there->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  tx::load_optimizer_state_dict(again, tx::load(dir / "optimizer.pt").root);
  CHECK(momentum(again).device() == torch::Device("cuda:0"));
}
