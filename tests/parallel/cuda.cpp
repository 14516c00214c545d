#include <torch/torch.h>

#include <cstdlib>
#include <map>
#include <string>

#include "libtorch_ext/device/pick_device.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/parallel/data_parallel.h"
#include "libtorch_ext/parallel/distributed_data_parallel.h"
#include "libtorch_ext/parallel/process_group.h"
#include "libtorch_ext/parallel/sync_batch_norm.h"
#include "tests/support/cuda.h"

namespace tx = torch_ext;

namespace {

tx::Sequential cuda_net() {
  torch::manual_seed(3);
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(2, 8, 3));
  torch::nn::Linear head(8 * 6 * 6, 5);
  return tx::Sequential(convolution, torch::nn::BatchNorm2d(8), torch::nn::ReLU(), torch::nn::Flatten(), head);
}

double cuda_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.detach().cpu() - b.detach().cpu()).abs().max().item<double>();
}

// Single precision as the CPU's, not TensorFloat-32.
struct FullPrecision {
  FullPrecision() {
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
  }
  ~FullPrecision() { at::globalContext().setAllowTF32CuDNN(true); }
};

// The environment of a launcher's only process.
class OnlyRank {
 public:
  OnlyRank() {
    for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~OnlyRank() {
    for (const auto& [name, value] : variables_) unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::string> variables_ = {{"RANK", "0"},
                                                   {"WORLD_SIZE", "1"},
                                                   {"LOCAL_RANK", "0"},
                                                   {"MASTER_ADDR", "127.0.0.1"},
                                                   {"MASTER_PORT", "0"}};
};

}  // namespace

TEST_CASE("on GPUs: DataParallel's outputs, gradients and statistics are those of Python's rules", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(2);
  const FullPrecision precision;
  const int count = std::min(4, static_cast<int>(torch::cuda::device_count()));
  auto one = cuda_net();
  auto net = cuda_net();
  one->to(torch::Device("cuda:0"));
  net->to(torch::Device("cuda:0"));
  std::vector<int> ids;
  for (int i = 0; i < count; ++i) ids.push_back(i);
  tx::DataParallel parallel(net, {.device_ids = ids});
  one->eval();  // BatchNorm of a part isn't BatchNorm of the whole
  parallel->eval();
  torch::optim::SGD one_steps(one->parameters(), 0.05);
  torch::optim::SGD net_steps(net->parameters(), 0.05);
  for (int step = 0; step < 5; ++step) {
    const auto images = torch::randn({8, 2, 8, 8});
    const auto labels = torch::randint(5, {8}, torch::kLong).to(torch::Device("cuda:0"));
    const auto scores = parallel->forward(images);
    CHECK(scores.device() == torch::Device("cuda:0"));
    one_steps.zero_grad();
    net_steps.zero_grad();
    torch::cross_entropy_loss(one(images.to(torch::Device("cuda:0"))), labels).backward();
    torch::cross_entropy_loss(scores, labels).backward();
    for (size_t i = 0; i < one->parameters().size(); ++i) {
      CHECK(cuda_difference(net->parameters()[i].grad(), one->parameters()[i].grad()) < 1e-5);
    }
    one_steps.step();
    net_steps.step();
  }
  one->train();
  parallel->train();
  const auto images = torch::randn({4 * count, 2, 8, 8});
  one(images.narrow(0, 0, 4).to(torch::Device("cuda:0")));
  parallel->forward(images);
  for (size_t i = 0; i < one->buffers().size(); ++i) {
    CHECK(cuda_difference(net->buffers()[i], one->buffers()[i]) < 1e-5);
  }
}

TEST_CASE("on GPUs: DataParallel on the second and first, with the caller's own streams", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(2);
  torch::nn::Linear net(256, 256);
  net->to(torch::Device("cuda:1"));
  tx::DataParallel parallel(net, {.device_ids = {1, 0}, .output_device = 0});
  const auto input = torch::randn({64, 256});
  for (int i = 0; i < 50; ++i) {
    {
      torch::NoGradGuard no_grad;
      net->weight.mul_(1.01);
    }
    const auto scores = parallel->forward(input);
    CHECK(scores.device() == torch::Device("cuda:0"));
    CHECK(cuda_difference(scores, net(input.to(torch::Device("cuda:1")))) < 1e-2);
  }
  CHECK_THROWS_WITH(tx::DataParallel(net, {.device_ids = {0, 99}}),
                    torch_ext::testing::ContainsSubstring("found 99, which is no visible device; visible: cuda:0 = "));
}

TEST_CASE("on a GPU: a step of training is the CPU's but for rounding", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const FullPrecision precision;
  std::vector<std::vector<torch::Tensor>> weights;
  std::vector<double> losses;
  for (const torch::Device device : {torch::Device("cpu"), torch::Device("cuda:0")}) {
    torch::manual_seed(1);
    tx::TensorModule model = tx::create_model("resnet18", {.num_classes = 10, .in_channels = 1});
    model.ptr()->to(device);
    torch::optim::SGD optimizer(model.ptr()->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
    torch::manual_seed(2);
    const auto images = torch::randn({16, 1, 28, 28}).to(device);
    const auto labels = torch::randint(10, {16}, torch::kLong).to(device);
    auto loss = torch::cross_entropy_loss(model.forward(images), labels);
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item<double>());
    weights.push_back(model.ptr()->parameters());
  }
  CHECK(losses[1] == Approx(losses[0]).epsilon(1e-4));
  for (size_t i = 0; i < weights[0].size(); ++i) CHECK(torch::allclose(weights[1][i].cpu(), weights[0][i], 1e-3, 1e-4));
}

TEST_CASE("on a GPU: the collectives of a group of one", "[nccl]") {
  TORCH_EXT_NEEDS_GPUS(1);
  const OnlyRank environment;
  const std::string backend = GENERATE("nccl", "auto");
  const auto group = tx::init_process_group({.backend = backend, .timeout = std::chrono::seconds(60)});
  const auto ones = torch::ones({5}, torch::kCUDA);
  group.all_reduce(ones);
  CHECK(ones.sum().item<double>() == 5);
  group.broadcast(ones);
  CHECK(group.all_gather(ones).size() == 1);
  CHECK(group.broadcast("text") == "text");
  group.barrier();
  if (backend == "nccl") CHECK(group.device() == torch::Device("cuda:0"));
  torch::nn::Linear net(3, 2);
  net->to(torch::Device("cuda:0"));
  tx::DistributedDataParallel ddp(net, group);
  ddp->forward(torch::ones({4, 3}, torch::kCUDA)).sum().backward();
  CHECK(net->bias.grad().sum().item<double>() == 8);
}

TEST_CASE("on a GPU: SyncBatchNorm in a group of one is BatchNorm", "[cuda]") {
  TORCH_EXT_NEEDS_GPUS(1);
  torch::nn::BatchNorm2d norm(3);
  tx::SyncBatchNorm sync(torch::nn::BatchNormOptions(3), tx::ProcessGroup());
  norm->to(torch::Device("cuda:0"));
  sync->to(torch::Device("cuda:0"));
  const auto input = torch::randn({4, 3, 5, 5}, torch::kCUDA);
  CHECK(torch::equal(sync(input), norm(input)));
  CHECK(torch::equal(sync->running_var, norm->running_var));
}
