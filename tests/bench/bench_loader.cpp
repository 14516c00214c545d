// The loader's speed on three kinds of data, as one line of JSON an invocation; loader_speed.py runs it beside its
// peers. `--limit` runs what nothing can beat, on one thread: the hand-written loop, for JPEGs reading the files and
// decoding the parts that are needed, without making images of them.
//
//     bench_loader --work memory --root /usr/share/datasets/fashion-mnist --batch-size 256 --num-workers 2 --epochs 5
#include <ATen/Functions.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <malloc.h>
#include <sys/resource.h>

#include "libtorch_ext/data/datasets/image_folder.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/data/datasets/tensor_dataset.h"
#include "libtorch_ext/data/loader.h"
#include "libtorch_ext/data/samplers/random.h"
#include "libtorch_ext/data/transforms/to_tensor.h"
#include "libtorch_ext/formats/file/read_file.h"
#include "libtorch_ext/image/jpeg_reader.h"

namespace tx = torch_ext;
using Clock = std::chrono::steady_clock;

// --- Every allocation of the process is counted ---------------------------------------------------------------------

namespace {

std::atomic<int64_t> g_allocations = 0;

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* pointer, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* pointer, size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(pointer, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, size_t alignment, size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
}

namespace {

double ms_since(Clock::time_point time) {
  return std::chrono::duration<double, std::milli>(Clock::now() - time).count();
}

struct Arguments {
  std::string work;
  std::string root = "/usr/share/datasets/fashion-mnist";
  int64_t batch_size = 256;
  int64_t num_workers = 0;
  bool tuned = false;
  int64_t epochs = 5;
  uint64_t seed = 0;
  bool limit = false;
  double consumer_ms = 0;
};

using DatasetPtr = std::shared_ptr<const tx::Dataset>;

// The first pixel of each part that a RandomResizedCrop takes of JPEGs, all of which is decoded.
class Regions : public tx::Dataset {
 public:
  Regions(std::shared_ptr<const tx::ImageFolder> folder, tx::transforms::RandomResizedCrop crop)
      : folder_(std::move(folder)), crop_(std::move(crop)) {}

  int64_t size() const override { return folder_->size(); }
  std::vector<tx::Field> fields() const override { return {{"pixel", at::kFloat, {}}}; }
  void read(const tx::Rows& rows) const override {
    thread_local tx::JpegReader reader;
    thread_local std::vector<std::byte> memory;
    for (int64_t row = 0; row < rows.size(); ++row) {
      const std::string path = folder_->name(rows.index(row));
      const auto info = reader.open(tx::formats::read_file(path, memory), path, INT64_MAX);
      tx::Random random = rows.random(row);
      const tx::Box box = crop_.box(info.height, info.width, random);
      reader.start(box);
      uint8_t pixel = 0;
      for (int64_t y = 0; y < box.height; ++y) pixel = *reader.next_row();
      *rows.at<float>(0, row) = pixel;
    }
  }

 private:
  std::shared_ptr<const tx::ImageFolder> folder_;
  tx::transforms::RandomResizedCrop crop_;
};

DatasetPtr make_dataset(const Arguments& arguments) {
  if (arguments.work == "memory") {
    return tx::mnist(arguments.root, tx::Split::kTrain, {.mean = 0.2860, .std = 0.3530});
  }
  if (arguments.work == "jpeg") {
    using namespace tx::transforms;
    const RandomResizedCrop crop(224);
    auto folder = tx::image_folder(arguments.root, {.transform = std::make_shared<Compose>(
                                                        crop, RandomHorizontalFlip(), ToTensor(),
                                                        Normalize{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}})});
    return arguments.limit ? DatasetPtr(std::make_shared<Regions>(std::move(folder), crop)) : folder;
  }
  constexpr int64_t kTinySamples = 1'000'000;
  return std::make_shared<tx::TensorDataset>(std::vector<at::Tensor>{at::rand({kTinySamples, 4})});
}

struct Result {
  std::vector<double> epochs_ms;
  double ttfb_ms = 0;
  int64_t allocations = 0;  // of the last epoch
  int64_t samples = 0;
  int64_t workers = 0;
  double check = 0;  // so that nothing is optimised away
};

Result run_loader(const Arguments& arguments, const DatasetPtr& dataset) {
  const auto began = Clock::now();
  std::optional<int64_t> workers = arguments.num_workers;
  if (arguments.tuned) workers.reset();
  auto loader = tx::make_loader(
      dataset, {.batch_size = arguments.batch_size, .shuffle = true, .num_workers = workers, .seed = arguments.seed});
  Result result;
  for (int64_t epoch = 0; epoch < arguments.epochs; ++epoch) {
    const int64_t allocations = g_allocations;
    const auto epoch_began = Clock::now();
    result.samples = 0;
    for (const tx::Batch& batch : *loader) {
      if (epoch == 0 && result.samples == 0) result.ttfb_ms = ms_since(began);
      result.samples += batch.size();
      result.check += *batch.data.const_data_ptr<float>();
      if (arguments.consumer_ms > 0) {
        const auto busy = Clock::now();
        while (ms_since(busy) < arguments.consumer_ms) {
        }
      }
    }
    result.epochs_ms.push_back(ms_since(epoch_began));
    result.allocations = g_allocations - allocations;
  }
  result.workers = loader->metrics().num_workers;
  return result;
}

// One thread reads the epoch's order into one buffer.
Result run_limit(const Arguments& arguments, const tx::Dataset& dataset) {
  const auto fields = dataset.fields();
  std::vector<at::Tensor> tensors;
  std::vector<tx::Rows::Column> columns;
  for (const auto& field : fields) {
    std::vector<int64_t> shape{arguments.batch_size};
    shape.insert(shape.end(), field.shape.begin(), field.shape.end());
    tensors.push_back(at::empty(shape, field.dtype));
    columns.push_back({static_cast<std::byte*>(tensors.back().data_ptr()), tx::nbytes(field)});
  }
  at::Generator generator = at::detail::createCPUGenerator(arguments.seed);
  const tx::RandomSampler sampler(dataset.size());
  Result result;
  for (int64_t epoch = 0; epoch < arguments.epochs; ++epoch) {
    const int64_t allocations = g_allocations;
    const auto began = Clock::now();
    const auto order = sampler.order(epoch, generator);
    sampler.finish(generator);
    result.samples = 0;
    for (size_t first = 0; first < order.size(); first += static_cast<size_t>(arguments.batch_size)) {
      const size_t count = std::min(static_cast<size_t>(arguments.batch_size), order.size() - first);
      dataset.read(tx::Rows(std::span(order).subspan(first, count), columns, static_cast<uint64_t>(epoch)));
      if (result.samples == 0 && epoch == 0) result.ttfb_ms = ms_since(began);
      result.samples += static_cast<int64_t>(count);
      result.check += *tensors[0].const_data_ptr<float>();
    }
    result.epochs_ms.push_back(ms_since(began));
    result.allocations = g_allocations - allocations;
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Times the loader; prints one line of JSON.");
  app.add_option("--work", arguments.work)->required()->check(CLI::IsMember({"memory", "jpeg", "tiny"}));
  app.add_option("--root", arguments.root, "memory: the IDX files; jpeg: a folder of classes");
  app.add_option("--batch-size", arguments.batch_size)->check(CLI::PositiveNumber);
  app.add_option("--num-workers", arguments.num_workers, "-1: chosen by measuring");
  app.add_option("--epochs", arguments.epochs)->check(CLI::PositiveNumber);
  app.add_option("--seed", arguments.seed);
  app.add_option("--consumer-ms", arguments.consumer_ms, "what the caller computes for each batch, in ms");
  app.add_flag("--limit", arguments.limit, "the hand-written loop, one thread");
  CLI11_PARSE(app, argc, argv);
  arguments.tuned = arguments.num_workers < 0;
  try {
    const DatasetPtr dataset = make_dataset(arguments);
    const Result result = arguments.limit ? run_limit(arguments, *dataset) : run_loader(arguments, dataset);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const nlohmann::ordered_json line{{"work", arguments.work},
                                      {"workers", result.workers},
                                      {"samples", result.samples},
                                      {"epochs_ms", result.epochs_ms},
                                      {"ttfb_ms", result.ttfb_ms},
                                      {"rss_mb", static_cast<double>(usage.ru_maxrss) / 1024},
                                      {"allocations_per_epoch", result.allocations}};
    std::puts(line.dump().c_str());
    return result.check == 0.5 ? 1 : 0;
  } catch (const c10::Error& error) {
    std::fprintf(stderr, "bench_loader: %s\n", error.what_without_backtrace());
    return 2;
  }
}
