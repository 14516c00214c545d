// The C++ of README.md, built and run. The last test sees to it that README.md says the same.
#include <torch/torch.h>

#include <filesystem>
#include <iostream>
#include <sstream>

#include "libtorch_ext/libtorch_ext.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

namespace {

// Lets what is written to std::cout be read.
class CapturedOutput {
 public:
  CapturedOutput() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  ~CapturedOutput() { std::cout.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

// Runs a test in an empty folder.
class InTempDir {
 public:
  InTempDir() : before_(std::filesystem::current_path()) { std::filesystem::current_path(dir_.path()); }
  ~InTempDir() { std::filesystem::current_path(before_); }

 private:
  tx::testing::TempDir dir_;
  std::filesystem::path before_;
};

// The blocks of README.md between ```LANGUAGE and ```.
std::vector<std::string> blocks(const std::string& language) {
  const std::string readme = tx::testing::read_file(TORCH_EXT_SOURCE_DIR "/README.md");
  std::vector<std::string> found;
  for (size_t begin = 0; (begin = readme.find("```" + language + "\n", begin)) != std::string::npos;) {
    begin += language.size() + 4;
    found.push_back(readme.substr(begin, readme.find("```", begin) - begin));
  }
  return found;
}

}  // namespace

TEST_CASE("README: a model is saved and loaded") {
  InTempDir folder;
  // Same seed, same weights as torchvision.models.resnet18, bit for bit.
  torch::manual_seed(0);
  tx::ResNet model = tx::resnet18({.num_classes = 10});

  // torch.load("model.pt", weights_only=True) reads it; what torch.save wrote comes back, "module." prefix or not.
  tx::save(tx::state_dict(*model), "model.pt");
  tx::LoadReport report = tx::load_state_dict(*model, tx::load("model.pt"));
  CHECK(report.missing.empty());
}

TEST_CASE("README: a whole model is loaded, rebuilt and saved") {
  InTempDir folder;
  CapturedOutput output;
  tx::Sequential net(torch::nn::Linear(2, 2), torch::nn::ReLU());
  tx::save_module(*net, "whole.pt");
  tx::LoadedFile file = tx::load("whole.pt");         // what Python's torch.save(model) wrote: no code is run
  tx::load_state_dict(*net, file);                    // its weights, whatever its classes
  tx::TensorModule rebuilt = tx::build_module(file);  // torch.nn's layers, rebuilt: the same output, bit for bit
  std::cout << tx::repr(*rebuilt.ptr()) << '\n';      // what Python prints
  tx::save_module(*rebuilt.ptr(), "back.pt");         // torch.load("back.pt", weights_only=False): an nn.Sequential
  CHECK(output.text() == tx::repr(*net) + '\n');
  const torch::Tensor input = torch::ones({1, 2});
  CHECK(torch::equal(rebuilt.forward(input), net->forward(input)));
}

TEST_CASE("README: the module tree prints as it says") {
  CapturedOutput output;
  tx::Sequential net(torch::nn::Linear(2, 2), torch::nn::ReLU(),
                     tx::Sequential(torch::nn::Sigmoid(), torch::nn::ReLU()));
  for (const auto& child : tx::children(*net)) std::cout << tx::repr(*child) << '\n';
  std::cout << tx::modules(*net).size() << " modules\n" << tx::repr(*net) << '\n';
  CHECK(output.text() == blocks("text").at(0));
}

TEST_CASE("README: a model is taken apart and changed") {
  CapturedOutput output;
  tx::ResNet pretrained = tx::resnet18();
  tx::freeze(*pretrained, "*");                                       // by glob; an error where nothing matches
  tx::replace_module(*pretrained, "fc", torch::nn::Linear(512, 20));  // a new head, which forward uses
  auto convolutions = tx::find(*pretrained, "layer4.*.conv?");        // by path: layer4.0.conv1, …
  std::cout << tx::to_text(tx::diff(*pretrained, *tx::resnet18()));   // classes, options, shapes, values in ulp
  CHECK(convolutions.size() == 4);
  CHECK(tx::trainable_parameters(*pretrained).size() == 2);
  CHECK_THAT(output.text(),
             tx::testing::ContainsSubstring("tensor fc.weight: float32 [20, 512] | float32 [1000, 512]"));
}

TEST_CASE("README: hooks see into a model") {
  CapturedOutput output;
  tx::ResNet watched = tx::resnet18({.num_classes = 10});
  auto images = torch::rand({2, 3, 64, 64});
  auto handle = tx::register_forward_hook(*watched, "layer?", [](tx::HookedCall& call) {
    std::cout << call.name << ' ' << call.outputs[0].sizes() << '\n';
  });
  watched->forward(images);  // layer1 [2, 64, 16, 16] …
  CHECK_THAT(output.text(), Catch::Matchers::StartsWith("layer1 [2, 64, 16, 16]\nlayer2 [2, 128, 8, 8]\n"));
  auto maps = tx::features(watched, images, {"layer2", "layer4.*.conv2"});
  CHECK(maps.size() == 3);
  if (auto bad = tx::find_non_finite(watched, images)) std::cout << "NaN first in " << bad->name << '\n';
  std::cout << tx::to_text(tx::profile(watched, images)) << tx::to_text(tx::summary(watched, images));
  CHECK_THAT(output.text(), tx::testing::ContainsSubstring("Parameters: 11,181,642"));
}

TEST_CASE("README: photographs are loaded") {
  TORCH_EXT_NEEDS_PYTHON();
  InTempDir folder;
  tx::testing::run_python(R"(
import os
from PIL import Image
os.makedirs('photographs/cat')
for i in range(70): Image.effect_noise((90, 120), 80).save(f'photographs/cat/{i}.jpg')
)",
                          {});
  int64_t samples = 0;
  using namespace tx::transforms;
  auto augment = std::make_shared<Compose>(RandomResizedCrop(224), RandomHorizontalFlip(), ToTensor(),
                                           Normalize({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}));
  auto photographs = tx::image_folder("photographs", {.transform = augment});
  auto batches = tx::make_loader(photographs, {.batch_size = 64, .shuffle = true, .num_workers = 2, .seed = 0});
  for (const tx::Batch& batch : *batches) {
    torch::Tensor images = batch.data;     // float32 [64, 3, 224, 224], yours to keep
    torch::Tensor classes = batch.target;  // int64 [64]
    samples += images.size(0);
    CHECK(images.sizes().slice(1) == torch::IntArrayRef{3, 224, 224});
    CHECK(classes.sum().item<int64_t>() == 0);
  }
  tx::LoaderState state = batches->state_dict();   // load_state_dict goes on there, with any number of workers
  tx::LoaderMetrics metrics = batches->metrics();  // wait_share() near 1: reading is the bottleneck
  CHECK(samples == 70);
  CHECK(state.epoch == 1);
  CHECK(metrics.samples == 70);
}

TEST_CASE("README: a loop of one's own trains") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) SKIP("Fashion-MNIST is not installed");
  tx::ResNet model = tx::resnet18({.num_classes = 10, .in_channels = 1});
  auto data = tx::mnist("/usr/share/datasets/fashion-mnist", tx::Split::kTrain, {.mean = 0.2860, .std = 0.3530});
  data->truncate(256);
  // The order of Python's DataLoader(shuffle=True, generator=torch.Generator().manual_seed(0)).
  auto loader = tx::make_loader(data, {.batch_size = 128, .shuffle = true, .seed = 0});
  c10::Device device = tx::pick_device("auto");
  model->to(device);
  torch::optim::SGD optimizer(tx::parameters(*model), torch::optim::SGDOptions(0.05).momentum(0.9));
  tx::CosineAnnealingLR scheduler(optimizer, /*T_max=*/10);
  for (const tx::Batch& batch : *loader) {
    optimizer.zero_grad();
    torch::cross_entropy_loss(model->forward(batch.data.to(device)), batch.target.to(device)).backward();
    optimizer.step();
  }
  scheduler.step();
  CHECK(scheduler.last_lr()[0] < 0.05);
}

TEST_CASE("README: a run is trained with hooks of one's own") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) SKIP("Fashion-MNIST is not installed");
  InTempDir folder;
  tx::testing::write_file("config.json", R"({"device": "cpu", "epochs": 2, "model": {"name": "mlp"},
                                             "data": {"train_limit": 1000, "test_limit": 100}})");
  CapturedOutput output;
  tx::Run run = tx::make_run(tx::read_train_config("config.json"));
  tx::fit(run, {.on_epoch = [](const tx::EpochResult& result) {
    std::cout << result.epoch << ": " << result.test->accuracy() << ", " << result.samples_per_second << " images/s\n";
  }});
  tx::save(tx::state_dict(*run.model.ptr()), "model.pt");
  CHECK(std::filesystem::exists("model.pt"));
  CHECK(output.text().find("\n2: 0.") != std::string::npos);
}

TEST_CASE("README: models are trained on several devices") {
  if (torch::cuda::is_available()) SKIP("device_ids 3 and 4 may not be there");
  tx::ResNet model = tx::resnet18({.num_classes = 10});
  const auto images = torch::randn({2, 3, 32, 32});
  const auto labels = torch::tensor({3, 1});
  tx::ProcessGroup group = tx::init_process_group();  // torchrun's variables; without them, a group of one
  tx::DistributedDataParallel ddp(model, group, {.gradient_as_bucket_view = true});
  torch::cross_entropy_loss(ddp->forward(images), labels).backward();  // the mean gradient, on every rank
  CHECK(model->parameters()[0].grad().defined());

  tx::DataParallel parallel(model, {.device_ids = {3, 4}});  // one process: the model lies on cuda:3
  torch::Tensor scores = parallel->forward(images);          // without a GPU: the model's own forward
  CHECK(scores.sizes() == torch::IntArrayRef{2, 10});
}

TEST_CASE("README: every line of its C++ stands in the tests above") {
  const std::string tested = tx::testing::read_file(TORCH_EXT_SOURCE_DIR "/tests/readme/examples.cpp");
  int lines = 0;
  for (const auto& block : blocks("cpp")) {
    std::istringstream text(block);
    for (std::string line; std::getline(text, line); ++lines) {
      INFO(line);
      CHECK(tested.find(line.substr(std::min(line.size(), line.find_first_not_of(' ')))) != std::string::npos);
    }
  }
  CHECK(lines > 20);
}
