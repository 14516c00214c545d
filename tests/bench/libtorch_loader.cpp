// LibTorch's own loader on the work of bench_loader.cpp, with the same options and the same line of JSON. Its datasets
// are as good as its interface allows: whole batches gathered by hand for memory and tiny, images one by one for jpeg.
// `--tuned` keeps glibc from giving freed batches back to the system, which is most of what they cost.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <malloc.h>

#include "libtorch_ext/data/datasets/image_folder.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/data/datasets/tensor_dataset.h"
#include "libtorch_ext/data/transforms/random_resized_crop.h"
#include "libtorch_ext/formats/file/read_file.h"
#include "libtorch_ext/image/decode.h"

namespace tx = torch_ext;
namespace data = torch::data;
using Clock = std::chrono::steady_clock;
using Pair = data::Example<>;

namespace {

double ms_since(Clock::time_point time) {
  return std::chrono::duration<double, std::milli>(Clock::now() - time).count();
}

// Our datasets: what differs is the loader alone.
class Batches : public data::datasets::BatchDataset<Batches, Pair> {
 public:
  explicit Batches(std::shared_ptr<const tx::Dataset> dataset) : dataset_(std::move(dataset)) {}

  Pair get_batch(at::ArrayRef<size_t> indices) override {
    const auto rows = static_cast<int64_t>(indices.size());
    std::array<at::Tensor, 2> tensors;
    std::vector<tx::Rows::Column> columns;
    for (const tx::Field& field : dataset_->fields()) {
      std::vector<int64_t> shape{rows};
      shape.insert(shape.end(), field.shape.begin(), field.shape.end());
      at::Tensor& tensor = tensors.at(columns.size()) = at::empty(shape, field.dtype);
      columns.push_back({static_cast<std::byte*>(tensor.data_ptr()), tx::nbytes(field)});
    }
    dataset_->read(tx::Rows({reinterpret_cast<const int64_t*>(indices.data()), indices.size()}, columns, 0));
    return {tensors[0], tensors[1]};
  }
  std::optional<size_t> size() const override { return dataset_->size(); }

 private:
  std::shared_ptr<const tx::Dataset> dataset_;
};

class Jpegs : public data::datasets::Dataset<Jpegs> {
 public:
  explicit Jpegs(const std::string& root) : folder_(tx::image_folder(root)) {}

  Pair get(size_t index) override {
    thread_local std::vector<std::byte> memory;
    thread_local tx::Random random(0, std::hash<std::thread::id>()(std::this_thread::get_id()));
    const auto& file = folder_->samples().at(index);
    tx::Image image = tx::decode_image(tx::formats::read_file(file.path, memory), file.path);
    const tx::Box box = crop_.box(image.height, image.width, random);
    const auto pixels = at::from_blob(image.pixels.data(), {image.height, image.width, 3}, at::kByte)
                            .slice(0, box.top, box.top + box.height)
                            .slice(1, box.left, box.left + box.width)
                            .permute({2, 0, 1})
                            .unsqueeze(0);
    at::Tensor out = at::_upsample_bilinear2d_aa(pixels, {224, 224}, false).squeeze(0);
    if (random.chance(0.5)) out = out.flip({-1});
    return {out.to(at::kFloat).div_(255).sub_(mean_).div_(std_), at::scalar_tensor(file.target, at::kLong)};
  }
  std::optional<size_t> size() const override { return folder_->samples().size(); }

 private:
  std::shared_ptr<tx::ImageFolder> folder_;
  tx::transforms::RandomResizedCrop crop_{224};
  at::Tensor mean_ = torch::tensor({0.485F, 0.456F, 0.406F}).view({3, 1, 1});
  at::Tensor std_ = torch::tensor({0.229F, 0.224F, 0.225F}).view({3, 1, 1});
};

struct Arguments {
  std::string work, root = "/usr/share/datasets/fashion-mnist";
  size_t batch_size = 256;
  size_t num_workers = 0;
  int64_t epochs = 5;
};

template <class Dataset>
nlohmann::ordered_json time(const Arguments& arguments, Dataset dataset) {
  const auto began = Clock::now();
  auto loader = data::make_data_loader<data::samplers::RandomSampler>(
      std::move(dataset), data::DataLoaderOptions(arguments.batch_size).workers(arguments.num_workers));
  std::vector<double> epochs_ms;
  double ttfb_ms = 0;
  size_t samples = 0;
  for (int64_t epoch = 0; epoch < arguments.epochs; ++epoch) {
    const auto epoch_began = Clock::now();
    samples = 0;
    for (auto& batch : *loader) {
      if (epoch == 0 && samples == 0) ttfb_ms = ms_since(began);
      samples += static_cast<size_t>(batch.data.size(0));
    }
    epochs_ms.push_back(ms_since(epoch_began));
  }
  return {{"work", arguments.work},
          {"workers", arguments.num_workers},
          {"samples", samples},
          {"epochs_ms", epochs_ms},
          {"ttfb_ms", ttfb_ms}};
}

nlohmann::ordered_json run(const Arguments& arguments) {
  if (arguments.work == "jpeg") {
    return time(arguments, Jpegs(arguments.root).map(data::transforms::Stack<>()));
  }
  if (arguments.work == "tiny") {
    return time(arguments, Batches(std::make_shared<tx::TensorDataset>(std::vector{at::rand({1'000'000, 4})})));
  }
  return time(arguments, Batches(tx::mnist(arguments.root, tx::Split::kTrain, {.mean = 0.2860, .std = 0.3530})));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  bool tuned = false;
  CLI::App app("Times LibTorch's loader; prints one line of JSON.");
  app.add_option("--work", arguments.work)->required()->check(CLI::IsMember({"memory", "jpeg", "tiny"}));
  app.add_option("--root", arguments.root);
  app.add_option("--batch-size", arguments.batch_size);
  app.add_option("--num-workers", arguments.num_workers);
  app.add_option("--epochs", arguments.epochs);
  app.add_flag("--tuned", tuned, "keeps freed memory");
  CLI11_PARSE(app, argc, argv);
  if (tuned) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
  }
  at::set_num_threads(1);
  try {
    std::puts(run(arguments).dump().c_str());
  } catch (const c10::Error& error) {
    std::fprintf(stderr, "libtorch_loader: %s\n", error.what_without_backtrace());
    return 2;
  }
}
