#include "libtorch_ext/data/datasets/cifar.h"

#include <ATen/Functions.h>

#include <filesystem>
#include <numeric>

#include "tests/data/datasets/gzip_text.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {
namespace {

using testing::TempDir;
using testing::write_file;

// Images numbered from `first`, each of levels that depend on its number.
std::string records(int first, int count, size_t labels) {
  std::string file;
  for (int i = first; i < first + count; ++i) {
    for (size_t label = 0; label < labels; ++label) file += static_cast<char>(i % 10 + 40 * static_cast<int>(label));
    for (int at = 0; at < 3072; ++at) file += static_cast<char>(at * 31 + i);
  }
  return file;
}

std::vector<int64_t> labels_of(const Dataset& dataset) {
  std::vector<int64_t> order(static_cast<size_t>(dataset.size()));
  std::iota(order.begin(), order.end(), 0);
  const at::Tensor labels = get_batch(dataset, order).target;
  return {labels.const_data_ptr<int64_t>(), labels.const_data_ptr<int64_t>() + labels.numel()};
}

}  // namespace

TEST_CASE("CIFAR-10's five training files are one dataset, in a folder of their own or not, packed or not",
          "[datasets]") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "cifar-10-batches-bin");
  for (int i = 0; i < 5; ++i) {
    const std::string file = records(2 * i, 2, 1);
    const std::string name = "data_batch_" + std::to_string(i + 1) + ".bin";
    if (i < 3) write_file(dir / ("cifar-10-batches-bin/" + name), file);
    if (i >= 3) write_file(dir / (name + ".gz"), testing::gzip_text(file));
  }
  write_file(dir / "test_batch.bin", records(3, 1, 1));
  const auto train = cifar10(dir.path().string(), Split::kTrain);
  CHECK(train->fields().at(0).shape == std::vector<int64_t>{3, 32, 32});
  CHECK(labels_of(*train) == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(labels_of(*cifar10(dir.path().string(), Split::kTest)) == std::vector<int64_t>{3});
}

TEST_CASE("CIFAR-100 has fine and coarse labels", "[datasets]") {
  const TempDir dir;
  write_file(dir / "test.bin", records(5, 3, 2));
  CHECK(labels_of(*cifar100(dir.path().string(), Split::kTest)) == std::vector<int64_t>{45, 46, 47});
  CHECK(labels_of(*cifar100(dir.path().string(), Split::kTest, {{}}, Cifar100Label::kCoarse)) ==
        std::vector<int64_t>{5, 6, 7});
}

TEST_CASE("a CIFAR image is normalised by channel as torchvision does it, bit for bit", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  write_file(dir / "test_batch.bin", records(3, 2, 1));
  const auto dataset =
      cifar10(dir.path().string(), Split::kTest, {{0.4914, 0.2470}, {0.4822, 0.2435}, {0.4465, 0.2616}});
  const std::vector<int64_t> order{1, 0};
  const at::Tensor ours = get_batch(*dataset, order).data;
  testing::run_python(R"(
import sys, numpy, torchvision.transforms as T
records = numpy.fromfile(sys.argv[1], dtype=numpy.uint8).reshape(-1, 3073)[::-1, 1:].reshape(-1, 3, 32, 32)
pipe = T.Compose([T.ToTensor(), T.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))])
with open(sys.argv[2], 'wb') as file:
    for image in records:
        file.write(pipe(numpy.ascontiguousarray(image.transpose(1, 2, 0))).numpy().tobytes())
)",
                      {dir / "test_batch.bin", dir / "numbers"});
  const std::string theirs = testing::read_file(dir / "numbers");
  CHECK(theirs == std::string_view(static_cast<const char*>(ours.const_data_ptr()), ours.nbytes()));
}

}  // namespace torch_ext
