#include "libtorch_ext/data/datasets/cifar.h"

#include <ATen/Functions.h>

#include <filesystem>
#include <numeric>

#include "libtorch_ext/data/error.h"
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

TEST_CASE("CIFAR's version for Python is torchvision's folder, and gives the same", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  testing::run_python(R"(
import os, pickle, sys, numpy
os.chdir(sys.argv[1])
os.makedirs('cifar-10-batches-py'), os.makedirs('cifar-100-python')
random = numpy.random.default_rng(0)
def batch(name, protocol, key=lambda word: word, **lists):
    data = random.integers(0, 256, (3, 3072), dtype=numpy.uint8)
    with open(name, 'wb') as file: pickle.dump({key('data'): data} | {key(k): v for k, v in lists.items()}, file, protocol)
    return data
for i in range(5): batch(f'cifar-10-batches-py/data_batch_{i + 1}', i, labels=[i, i, 9])
data = batch('cifar-10-batches-py/test_batch', 5, key=str.encode, labels=[1, 2, 3])
with open('test_batch.bin', 'wb') as file:
    for label, row in zip([1, 2, 3], data): file.write(bytes([label]) + row.tobytes())
os.makedirs('binary'), os.rename('test_batch.bin', 'binary/test_batch.bin')
batch('cifar-100-python/test', 2, fine_labels=[7, 8, 99], coarse_labels=[0, 1, 19])
)",
                      {dir.path().string()});
  const std::string root = dir.path().string();
  CHECK(labels_of(*cifar10(root, Split::kTrain)) == std::vector<int64_t>{0, 0, 9, 1, 1, 9, 2, 2, 9, 3, 3, 9, 4, 4, 9});
  CHECK(labels_of(*cifar100(root, Split::kTest)) == std::vector<int64_t>{7, 8, 99});
  CHECK(labels_of(*cifar100(root, Split::kTest, {{}}, Cifar100Label::kCoarse)) == std::vector<int64_t>{0, 1, 19});
  const std::vector<int64_t> order{0, 1, 2};
  const Batch python = get_batch(*cifar10(dir / "cifar-10-batches-py", Split::kTest), order);
  const Batch binary = get_batch(*cifar10(dir / "binary", Split::kTest), order);
  CHECK(at::equal(python.data, binary.data));
  CHECK(at::equal(python.target, binary.target));
}

TEST_CASE("a pickle that is no CIFAR, and an archive that wasn't unpacked, are told by name", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  testing::run_python(R"(
import os, pickle, sys, numpy
pixels = numpy.zeros((2, 3072), dtype=numpy.uint8)
for name, value in dict(list=[1], few={'data': pixels, 'labels': [1]}, high={'data': pixels, 'labels': [1, 10]},
                        low={'data': pixels, 'labels': [1, -1]}, floats={'data': pixels * 1.0, 'labels': [1, 2]}).items():
    os.makedirs(f'{sys.argv[1]}/{name}')
    with open(f'{sys.argv[1]}/{name}/test_batch', 'wb') as file: pickle.dump(value, file, 2)
)",
                      {dir.path().string()});
  const auto check = [&](const std::string& folder, const std::string& problem) {
    CHECK_THROWS_WITH(cifar10(dir / folder, Split::kTest), testing::ContainsSubstring(dir / folder + "/" + problem));
  };
  check("list", "test_batch: found no \"data\" and \"labels\" in it");
  write_file(dir / "few/test_batch.bin", "");
  CHECK_THROWS_AS(cifar10(dir / "few", Split::kTest), DataError);  // the binary version comes first
  std::filesystem::remove(dir / "few/test_batch.bin");
  check("few", "test_batch: found 1 labels, expected 2, one per image");
  check("high", "test_batch: image 1: found the label 10, expected one below 10");
  check("low", "test_batch: image 1: found the label -1, expected one below 10");
  check("floats", "test_batch: \"data\" is no array of bytes, [N, 3072]");
  write_file(dir / "list/test_batch", "\x80\2Pid\n.");
  check("list", "test_batch: ");
  std::filesystem::remove(dir / "list/test_batch");
  write_file(dir / "list/cifar-10-python.tar.gz", "");
  CHECK_THROWS_WITH(cifar10(dir / "list", Split::kTest), testing::ContainsSubstring("; unpack cifar-10-python.tar.gz"));
}

}  // namespace torch_ext
