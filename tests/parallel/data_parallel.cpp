#include "libtorch_ext/parallel/data_parallel.h"

#include <ATen/autocast_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/torch.h>

#include <fstream>
#include <map>
#include <mutex>
#include <string>

#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/device/visible_devices.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/parallel/error.h"
#include "tests/support/catch.h"
#include "tests/support/fake_devices.h"

namespace tx = torch_ext;
using torch_ext::testing::fake;
using torch_ext::testing::use_fake_devices;

namespace {

constexpr auto kFake = c10::DeviceType::PrivateUse1;

tx::Sequential small_net() {
  torch::manual_seed(3);
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(2, 4, 3));
  torch::nn::Linear head(4 * 6 * 6, 5);
  return tx::Sequential(convolution, torch::nn::ReLU(), torch::nn::Flatten(), head);
}

tx::Sequential norm_net() {
  torch::manual_seed(3);
  torch::nn::Linear head(3, 2);
  return tx::Sequential(torch::nn::BatchNorm1d(3), head);
}

tx::DataParallelOptions on_fakes(std::vector<int> ids) { return {.device_ids = std::move(ids), .device_type = kFake}; }

// Every kind of argument and result that a user's module may have.
struct ManyImpl : torch::nn::Cloneable<ManyImpl> {
  ManyImpl() { reset(); }
  void reset() override { scale = register_parameter("scale", torch::full({1}, 2.0)); }

  using Map = std::map<std::string, torch::Tensor>;
  std::tuple<torch::Tensor, Map, std::vector<torch::Tensor>, int> forward(const torch::Tensor& input,
                                                                          const std::vector<torch::Tensor>& list,
                                                                          int number) {
    return {input * scale, Map{{"sum", (input * scale).sum()}}, list, number};
  }
  torch::Tensor scale;
};
TORCH_MODULE(Many);

struct UnusedImpl : torch::nn::Cloneable<UnusedImpl> {
  UnusedImpl() { reset(); }
  void reset() override {
    used = register_module("used", torch::nn::Linear(3, 3));
    idle = register_module("idle", torch::nn::Linear(3, 3));
  }
  torch::Tensor forward(const torch::Tensor& input) {
    TORCH_CHECK(input.size(0) != 1, "a batch of one");
    return used(input);
  }
  torch::nn::Linear used{nullptr}, idle{nullptr};
};
TORCH_MODULE(Unused);

// What a thread hands to the operators that it calls.
struct ThreadFlags {
  bool gradients = true;
  bool inference = false;
  bool autocast = false;
  at::ScalarType autocast_type = at::kBFloat16;
  bool autocast_caches = true;

  bool operator==(const ThreadFlags&) const = default;
};

// Notes the current device and the flags of the thread that each replica runs in.
struct ObserverImpl : torch::nn::Cloneable<ObserverImpl> {
  ObserverImpl() { reset(); }
  void reset() override { layer = register_module("layer", torch::nn::Linear(2, 2)); }
  torch::Tensor forward(const torch::Tensor& input) {
    namespace autocast = at::autocast;
    const ThreadFlags flags{.gradients = torch::GradMode::is_enabled(),
                            .inference = c10::InferenceMode::is_enabled(),
                            .autocast = autocast::is_autocast_enabled(at::kCPU),
                            .autocast_type = autocast::get_autocast_dtype(at::kCPU),
                            .autocast_caches = autocast::is_autocast_cache_enabled()};
    const int device = c10::impl::VirtualGuardImpl(kFake).getDevice().index();
    TORCH_CHECK(input.device() == fake(device), "found the device ", device, ", expected that of the input");
    {
      const std::lock_guard lock(*mutex);
      records->emplace_back(device, flags);
    }
    return layer(input);
  }
  torch::nn::Linear layer{nullptr};
  std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
  std::shared_ptr<std::vector<std::pair<int, ThreadFlags>>> records =
      std::make_shared<std::vector<std::pair<int, ThreadFlags>>>();
};
TORCH_MODULE(Observer);

double difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.cpu() - b.cpu()).abs().max().item<double>();
}

// A number of /proc/self/status: "Threads:", "VmRSS:" in KiB.
size_t process_status(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) return std::stoul(line.substr(key.size()));
  }
  return 0;
}

size_t thread_count() { return process_status("Threads:"); }

}  // namespace

TEST_CASE("data parallel: outputs and gradients are those of one device") {
  const int count = GENERATE(1, 2, 3, 4);
  use_fake_devices(4);
  torch::manual_seed(1);
  const auto images = torch::randn({8, 2, 8, 8});
  const auto labels = torch::randint(5, {8});
  auto one = small_net();
  const auto expected = one(images);
  torch::cross_entropy_loss(expected, labels).backward();

  auto net = small_net();
  net->to(fake(0));
  std::vector<int> ids;
  for (int i = 0; i < count; ++i) ids.push_back(i);
  tx::DataParallel parallel(net, on_fakes(ids));
  for (int again = 0; again < 2; ++again) {
    parallel->zero_grad();
    const auto scores = parallel->forward(images.to(fake(0)));
    CHECK(scores.device() == fake(0));
    CHECK(difference(scores, expected) < 1e-6);
    torch::cross_entropy_loss(scores.cpu(), labels).backward();
    const auto found = net->parameters();
    const auto wanted = one->parameters();
    for (size_t i = 0; i < wanted.size(); ++i) CHECK(difference(found[i].grad(), wanted[i].grad()) < 1e-6);
  }
}

TEST_CASE("data parallel: training goes as on one device") {
  use_fake_devices(4);
  auto one = small_net();
  auto net = small_net();
  net->to(fake(1));
  tx::DataParallel parallel(net, on_fakes({1, 2, 3}));
  torch::optim::SGD one_steps(one->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  torch::optim::SGD net_steps(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  for (int step = 0; step < 5; ++step) {
    const auto images = torch::randn({7, 2, 8, 8});
    const auto labels = torch::randint(5, {7});
    for (int part = 0; part < 2; ++part) {  // gradients of two batches add up
      torch::cross_entropy_loss(one(images), labels).backward();
      torch::cross_entropy_loss(parallel->forward(images).cpu(), labels).backward();
    }
    one_steps.step();
    net_steps.step();
    one_steps.zero_grad();
    net_steps.zero_grad();
  }
  const auto found = net->parameters();
  const auto wanted = one->parameters();
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(difference(found[i], wanted[i]) < 1e-5);
}

TEST_CASE("data parallel: BatchNorm keeps the first device's statistics, and eval uses them on all") {
  use_fake_devices(2);
  const auto input = torch::randn({8, 3});
  auto one = norm_net();
  one(input.narrow(0, 0, 4));
  auto net = norm_net();
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1}));
  parallel->forward(input);
  CHECK(difference(net->buffers()[0], one->buffers()[0]) == 0);
  CHECK(difference(net->buffers()[1], one->buffers()[1]) == 0);
  CHECK(net->buffers()[2].item<int64_t>() == 1);
  one->eval();
  parallel->eval();
  CHECK(difference(parallel->forward(input), one(input)) < 1e-6);
}

TEST_CASE("data parallel: a changed parameter reaches the replicas, whether in place or replaced") {
  use_fake_devices(2);
  torch::NoGradGuard no_grad;
  const auto input = torch::ones({4, 2});
  torch::nn::Linear net(2, 1);
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1}));
  auto is_all = [&](double value) {
    const auto output = parallel->forward(input).cpu();
    return (output == value).all().item<bool>();
  };
  net->weight.fill_(1);
  net->bias.fill_(0);
  CHECK(is_all(2));
  net->weight.fill_(2);
  CHECK(is_all(4));
  net->weight.set_data(torch::full({1, 2}, 3.0).to(fake(0)));
  CHECK(is_all(6));
}

TEST_CASE("data parallel: several forwards before one backward, some without gradients") {
  use_fake_devices(2);
  auto one = small_net();
  auto net = small_net();
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1}));
  const auto first = torch::randn({4, 2, 8, 8});
  const auto second = torch::randn({4, 2, 8, 8});
  (one(first).exp().sum() + one(second).sum()).backward();
  auto sum = parallel->forward(first).exp().sum() + parallel->forward(second).sum();
  {
    torch::NoGradGuard no_grad;
    parallel->forward(first);
  }
  sum.backward();
  const auto found = net->parameters();
  const auto wanted = one->parameters();
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(difference(found[i].grad(), wanted[i].grad()) < 1e-4);
}

TEST_CASE("data parallel: tensors in vectors, maps and tuples are scattered and gathered, others are handed to all") {
  use_fake_devices(2);
  Many many;
  many->to(fake(0));
  tx::DataParallel parallel(many, on_fakes({0, 1}));
  const auto input = torch::arange(4.0);
  const auto [product, map, list, number] = parallel->forward(input, std::vector<torch::Tensor>{input + 10}, 7);
  CHECK(torch::equal(product.cpu(), input * 2));
  CHECK(torch::equal(map.at("sum").cpu(), torch::tensor({2.0F, 10.0F})));  // a number of each replica
  CHECK(torch::equal(list[0].cpu(), input + 10));
  CHECK(number == 7);
}

TEST_CASE("data parallel: no gradient for unused parameters, and fewer replicas for a small batch") {
  use_fake_devices(4);
  Unused net;
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1, 2}));
  parallel->forward(torch::randn({6, 3})).sum().backward();
  CHECK(net->used->weight.grad().defined());
  CHECK_FALSE(net->idle->weight.grad().defined());
  torch::nn::Linear other(3, 3);
  other->to(fake(0));
  CHECK(tx::DataParallel(other, on_fakes({0, 1, 2}))->forward(torch::randn({2, 3})).size(0) == 2);
}

TEST_CASE("data parallel: an exception names the replica and its device") {
  use_fake_devices(2);
  Unused net;
  net->to(fake(1));
  tx::DataParallel parallel(net, on_fakes({1, 0}));
  CHECK_THROWS_AS(parallel->forward(torch::randn({3, 3})), tx::ReplicaError);
  CHECK_THROWS_WITH(parallel->forward(torch::randn({3, 3})),
                    Catch::Matchers::StartsWith("in replica 1 on device fake:0: a batch of one"));
  CHECK(parallel->forward(torch::randn({4, 3})).size(0) == 4);
}

TEST_CASE("data parallel: replicas run in the caller's gradient mode, inference mode, autocast and device") {
  use_fake_devices(3);
  Observer net;
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1, 2}));
  const auto input = torch::ones({6, 2});
  // What each replica saw; all must see what the caller does, and the device that is its own.
  auto seen = [&] {
    net->records->clear();
    parallel->forward(input);
    std::map<int, ThreadFlags> by_device(net->records->begin(), net->records->end());
    CHECK(by_device.size() == 3);
    for (const auto& [device, flags] : by_device) CHECK(flags == by_device[0]);
    return by_device[0];
  };
  const ThreadFlags plain = seen();
  CHECK(plain == ThreadFlags{});
  {
    const torch::NoGradGuard guard;
    CHECK(seen() == ThreadFlags{.gradients = false});
  }
  {
    const c10::InferenceMode guard;
    CHECK(seen() == ThreadFlags{.gradients = false, .inference = true});
  }
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    const auto before = at::autocast::get_autocast_dtype(at::kCPU);
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, type);
    at::autocast::set_autocast_cache_enabled(false);
    CHECK(seen() == ThreadFlags{.autocast = true, .autocast_type = type, .autocast_caches = false});
    at::autocast::set_autocast_cache_enabled(true);
    at::autocast::set_autocast_dtype(at::kCPU, before);
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  CHECK(seen() == plain);  // threads don't keep what an earlier call set
  CHECK(parallel->forward(input).requires_grad());
}

TEST_CASE("data parallel: replicas that an inference made train as well") {
  use_fake_devices(2);
  auto one = small_net();
  auto net = small_net();
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1}));
  const auto images = torch::randn({4, 2, 8, 8});
  {
    const c10::InferenceMode guard;
    CHECK(difference(parallel->forward(images.clone()), one(images)) < 1e-6);
  }
  parallel->forward(images).exp().sum().backward();
  one(images).exp().sum().backward();
  const auto found = net->parameters();
  const auto wanted = one->parameters();
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(difference(found[i].grad(), wanted[i].grad()) < 1e-4);
}

TEST_CASE("data parallel: the module lies on the first of device_ids") {
  use_fake_devices(3);
  torch::nn::Linear net(2, 2);
  tx::DataParallel parallel(net, on_fakes({2, 1}));
  CHECK_THROWS_WITH(parallel->forward(torch::ones({4, 2})),
                    "module must have its parameters and buffers on device fake:2 (device_ids[0]) but found one of "
                    "them on device: cpu");
  tx::DataParallel alone(net, on_fakes({1}));  // a single device fetches it
  CHECK(net->weight.device() == fake(1));
  CHECK(alone->forward(torch::ones({4, 2})).device() == fake(1));
}

TEST_CASE("data parallel: output_device") {
  use_fake_devices(3);
  torch::nn::Linear net(2, 2);
  net->to(fake(0));
  auto options = on_fakes({0, 1});
  options.output_device = 2;
  CHECK(tx::DataParallel(net, options)->forward(torch::ones({4, 2})).device() == fake(2));
  options.output_device = -1;
  CHECK(tx::DataParallel(net, options)->forward(torch::ones({4, 2})).device() == c10::kCPU);
}

TEST_CASE("data parallel: device_ids that aren't there or stand twice") {
  use_fake_devices(2);
  CHECK_THROWS_WITH(tx::DataParallel(torch::nn::Linear(2, 2), on_fakes({0, 2})),
                    "device_ids: found 2, which is no visible device; there are 2 devices");
  CHECK_THROWS_WITH(tx::DataParallel(torch::nn::Linear(2, 2), on_fakes({0, 0})),
                    "device_ids: found 0, for the second time; there are 2 devices");
  auto options = on_fakes({0});
  options.output_device = 5;
  CHECK_THROWS_AS(tx::DataParallel(torch::nn::Linear(2, 2), options), tx::DeviceError);
}

TEST_CASE("data parallel: without a GPU it is the module's own forward") {
  if (torch::cuda::is_available()) return;
  torch::nn::Linear net(2, 2);
  tx::DataParallel parallel(net, {.device_ids = {3, 4}});
  const auto input = torch::randn({4, 2});
  CHECK(torch::equal(parallel->forward(input), net(input)));
  CHECK(tx::repr(*parallel) == "DataParallel(\n  (module): Linear(in_features=2, out_features=2, bias=True)\n)");
  CHECK(tx::state_dict(*parallel).tensors.keys() == std::vector<std::string>{"module.weight", "module.bias"});
}

TEST_CASE("data parallel: threads end with it, and forwards leave nothing behind") {
  use_fake_devices(4);
  torch::nn::Linear net(2, 2);
  net->to(fake(0));
  {
    tx::DataParallel warm(net, on_fakes({0, 1, 2, 3}));
    warm->forward(torch::ones({8, 2})).sum().backward();
  }
  const size_t before = thread_count();
  {
    tx::DataParallel parallel(net, on_fakes({0, 1, 2, 3}));
    for (int i = 0; i < 20; ++i) parallel->forward(torch::ones({8, 2})).sum().backward();
    CHECK(thread_count() == before + 3);
    const auto references = net->weight.use_count();
    parallel->forward(torch::ones({8, 2})).sum().backward();
    CHECK(net->weight.use_count() == references);
  }
  CHECK(thread_count() == before);
}

TEST_CASE("data parallel: 200 forwards, backwards and changed weights leave no memory behind") {
  use_fake_devices(4);
  torch::nn::Linear net(1024, 1024);
  net->to(fake(0));
  tx::DataParallel parallel(net, on_fakes({0, 1, 2, 3}));
  const auto input = torch::ones({64, 1024});
  auto work = [&](int times) {
    for (int i = 0; i < times; ++i) {
      parallel->forward(input).sum().backward();
      torch::NoGradGuard no_grad;
      net->weight.mul_(0.5);
      net->weight.set_data(net->weight.detach().clone());  // replicas must not keep the one before
      parallel->forward(input);
      parallel->zero_grad();
    }
  };
  work(20);
  const size_t before = process_status("VmRSS:");
  work(200);
  // One 4 MiB weight left behind a forward would be 800 MiB.
  CHECK(process_status("VmRSS:") < before + 64 * 1024);
}
