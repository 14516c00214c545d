// A rank of the training that ddp_twin.py does in Python; test_ddp.py compares the two, and mixes them in one job.
#include <CLI/CLI.hpp>
#include <torch/torch.h>

#include <cstdio>
#include <string>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/parallel/distributed_data_parallel.h"
#include "libtorch_ext/parallel/sync_batch_norm.h"
#include "libtorch_ext/parallel/zero_redundancy_optimizer.h"

namespace tx = torch_ext;

namespace {

struct Arguments {
  std::string out;
  std::string mode;
  std::string backend = "gloo";
  std::string device = "cpu";
  std::string optimizer;
  int64_t steps = 3;
  double timeout = 60;
};

// Three heads of which a step uses one, so that two are without gradients.
struct HeadsImpl : torch::nn::Module {
  HeadsImpl() {
    body = register_module("body", torch::nn::Linear(6, 8));
    heads = register_module("heads", torch::nn::ModuleList());
    for (int i = 0; i < 3; ++i) heads->push_back(torch::nn::Linear(8, 4));
  }
  torch::Tensor forward(const torch::Tensor& input) {
    auto hidden = body->forward(input.flatten(1).narrow(1, 0, 6)).relu();
    return heads[static_cast<size_t>(uses)]->as<torch::nn::Linear>()->forward(hidden);
  }
  torch::nn::Linear body{nullptr};
  torch::nn::ModuleList heads;
  int64_t uses = 0;
};
TORCH_MODULE(Heads);

torch::Tensor batch(int rank, int64_t step, const std::string& mode) {
  torch::manual_seed(static_cast<uint64_t>(1000 + 100 * rank + step));
  return torch::randn({4, 1, mode == "resnet" ? 32 : 8, mode == "resnet" ? 32 : 8});
}

tx::TensorModule make_model(const std::string& mode) {
  if (mode == "resnet") return tx::create_model("resnet18", {.num_classes = 4, .in_channels = 1});
  if (mode == "unused" || mode == "static") return Heads();
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(1, 4, 3));  // one after the other, as Python draws weights
  torch::nn::Linear head(144, 4);
  return tx::Sequential(convolution, torch::nn::BatchNorm2d(4), torch::nn::ReLU(), torch::nn::Flatten(), head);
}

tx::DistributedDataParallelOptions options(const std::string& mode) {
  tx::DistributedDataParallelOptions options;
  options.find_unused_parameters = mode == "unused";
  options.static_graph = mode == "static";
  options.gradient_as_bucket_view = mode == "bucket_view";
  if (mode == "resnet") options.bucket_cap_mb = 5;
  if (mode == "fp16") options.compression = tx::GradientCompression::kFloat16;
  if (mode == "bf16") options.compression = tx::GradientCompression::kBFloat16;
  return options;
}

// One group, or two with options of their own.
std::vector<torch::optim::OptimizerParamGroup> parameter_groups(const std::vector<torch::Tensor>& parameters,
                                                                const std::string& mode) {
  if (mode != "zero_groups") return {parameters};
  auto group = [](std::vector<torch::Tensor> members, double lr, double momentum) {
    auto options = std::make_unique<torch::optim::SGDOptions>(lr);
    options->momentum(momentum);
    return torch::optim::OptimizerParamGroup(std::move(members), std::move(options));
  };
  return {group({parameters.begin(), parameters.begin() + 2}, 0.1, 0.9),
          group({parameters.begin() + 2, parameters.end()}, 0.05, 0.8)};
}

torch::Device device_of(const Arguments& arguments, const tx::ProcessGroup& group) {
  if (arguments.device == "cpu") return torch::kCPU;
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(group.rank() % static_cast<int>(torch::cuda::device_count()))};
}

void train(const Arguments& arguments) {
  torch::set_num_threads(1);
  const auto group =
      tx::init_process_group({.backend = arguments.backend,
                              .timeout = std::chrono::milliseconds(static_cast<int64_t>(1000 * arguments.timeout))});
  torch::manual_seed(static_cast<uint64_t>(1 + group.rank()));  // rank 0's weights are to win
  const std::string& mode = arguments.mode;
  tx::TensorModule model = make_model(mode);
  const torch::Device device = device_of(arguments, group);
  model.ptr()->to(device);
  if (mode == "sync") tx::convert_sync_batchnorm(*model.ptr(), group);
  tx::DistributedDataParallel ddp(model, group, options(mode));
  const bool shards = mode.starts_with("zero");
  // One of a single rank is the whole optimizer.
  tx::ZeroRedundancyOptimizer optimizer(
      parameter_groups(tx::parameters(*ddp), mode),
      [](auto groups) {
        return std::make_unique<torch::optim::SGD>(std::move(groups), torch::optim::SGDOptions(0.1).momentum(0.9));
      },
      shards ? group : tx::ProcessGroup());
  if (!arguments.optimizer.empty()) optimizer.load_state_dict(tx::load(arguments.optimizer).root, arguments.optimizer);

  tx::StateDict saved;
  auto keep = [&](const std::string& name, const torch::Tensor& tensor) { saved.tensors.insert(name, tensor.cpu().clone()); };
  auto step = [&](int64_t number) {
    if (auto* heads = dynamic_cast<HeadsImpl*>(model.ptr().get())) heads->uses = mode == "static" ? 1 : number % 3;
    const auto images = batch(group.rank(), number, mode).to(device);
    const auto labels = torch::tensor({0, 1, 2, 3}, device);
    auto backward = [&](const torch::Tensor& images) {
      auto loss = torch::nn::functional::cross_entropy(ddp->forward(images), labels);
      loss.backward();
      return loss;
    };
    optimizer.zero_grad();
    if (mode == "accumulate") {
      const auto guard = ddp->no_sync();
      backward(images * 2);
    }
    const auto loss = backward(images);
    keep("loss." + std::to_string(number), loss.detach());
    if (number == 0) {
      for (const auto& item : ddp->named_parameters()) {
        if (item.value().grad().defined()) keep("grad." + item.key(), item.value().grad());
      }
    }
    optimizer.step();
  };

  const int64_t steps = arguments.steps + (mode == "join" ? group.rank() : 0);
  auto loop = [&] {
    for (int64_t number = 0; number < steps; ++number) {
      if (mode == "replaced" && number == 1) {
        torch::NoGradGuard no_grad;
        for (auto& parameter : ddp->parameters()) parameter.set_(parameter.detach().clone());
      }
      step(number);
      if (number == 1) std::puts("under way"), std::fflush(stdout);
    }
  };
  if (mode == "join") {
    ddp->join(loop);
  } else {
    loop();
  }
  for (const auto& item : tx::state_dict(*ddp).tensors) keep("state." + item.key(), item.value());
  for (int rank = 0; rank < (shards ? group.size() : 1); ++rank) {
    tx::TensorWriter writer;
    const tx::Value whole = optimizer.state_dict(writer, rank);
    if (whole.is_none()) continue;
    optimizer.load_state_dict(whole);
    for (const auto& [number, state] : whole.as<tx::formats::Dict>()->find("state")->as<tx::formats::Dict>()->items) {
      const auto* momentum = state.as<tx::formats::Dict>()->find("momentum_buffer");
      keep("momentum." + std::to_string(*number.as<int64_t>()), tx::to_tensor(*momentum->as<tx::formats::Tensor>()));
    }
  }
  tx::save(saved, arguments.out + "." + std::to_string(group.rank()) + ".pt");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app;
  Arguments arguments;
  app.add_option("--out", arguments.out)->required();
  app.add_option("--mode", arguments.mode);
  app.add_option("--backend", arguments.backend);
  app.add_option("--device", arguments.device, "cpu, or cuda: the GPU of this rank's number, counted round");
  app.add_option("--optimizer", arguments.optimizer, "A whole optimizer's state to begin with");
  app.add_option("--steps", arguments.steps);
  app.add_option("--timeout", arguments.timeout);
  CLI11_PARSE(app, argc, argv);
  try {
    train(arguments);
  } catch (const c10::Error& error) {
    std::fprintf(stderr, "%s\n", error.what_without_backtrace());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
