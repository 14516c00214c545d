#include "libtorch_ext/data/datasets/mnist.h"

#include <torch/torch.h>

#include <filesystem>
#include <numeric>

#include "libtorch_ext/data/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::TempDir;
using tx::testing::write_file;

namespace {

const std::string kRoot = "/usr/share/datasets/fashion-mnist";

std::string idx(std::vector<uint32_t> shape, const std::string& data) {
  std::string file = {'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (uint32_t n : shape) {
    for (int shift : {24, 16, 8, 0}) file += static_cast<char>(n >> shift & 0xFF);
  }
  return file + data;
}

}  // namespace

TEST_CASE("Fashion-MNIST is read whole: 60,000 and 10,000 images of 28 x 28, ten classes, evenly") {
  if (!std::filesystem::exists(kRoot)) SKIP("no Fashion-MNIST in " + kRoot);
  const auto train = tx::mnist(kRoot, tx::Split::kTrain);
  const auto test = tx::mnist(kRoot, tx::Split::kTest);
  CHECK(train->size() == 60000);
  CHECK(test->size() == 10000);
  CHECK(train->num_classes() == 10);
  std::vector<int64_t> all(10000);
  std::iota(all.begin(), all.end(), 0);
  const auto batch = tx::get_batch(*test, all);
  CHECK(batch.data.sizes() == at::IntArrayRef({10000, 1, 28, 28}));
  CHECK(torch::equal(batch.target.bincount(), torch::full({10}, 1000)));
}

TEST_CASE("a normalised image equals torchvision's ToTensor and Normalize, bit for bit, at every grey level") {
  TORCH_EXT_NEEDS_PYTHON();
  std::vector<std::byte> levels(256);
  for (size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<std::byte>(i);
  const tx::ImageDataset dataset(levels, {std::byte{3}}, 16, 16, {.mean = 0.2860, .std = 0.3530});
  const std::vector<int64_t> first{0};
  const at::Tensor ours = tx::get_batch(dataset, first).data.flatten().contiguous();
  std::string bits;
  for (int64_t i = 0; i < 256; ++i) bits += std::to_string(ours.view(torch::kInt32)[i].item<int32_t>()) + " ";
  const std::string theirs = tx::testing::run_python(
      "import numpy, torch, torchvision.transforms as T\n"
      "x = T.Normalize((0.2860,), (0.3530,))(T.ToTensor()(numpy.arange(256, dtype=numpy.uint8).reshape(16, 16)))\n"
      "print(*x.flatten().view(torch.int32).tolist(), end=' ')\n");
  CHECK(bits == theirs);
}

TEST_CASE("files that don't agree, don't exist or are cut off are told by name and numbers") {
  TempDir dir;
  auto message = [&]() -> std::string {
    try {
      tx::mnist(dir.path().string(), tx::Split::kTrain);
    } catch (const tx::DataError& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK_THAT(message(), ContainsSubstring("train-images-idx3-ubyte.gz: no such file; expected the four IDX files"));
  write_file(dir / "train-images-idx3-ubyte", idx({2, 1, 2}, "abcd"));
  write_file(dir / "train-labels-idx1-ubyte", idx({3}, {'\0', '\1', '\2'}));
  CHECK_THAT(message(), ContainsSubstring("train-labels-idx1-ubyte: found 3 labels, expected 2, one per image of "));
  write_file(dir / "train-labels-idx1-ubyte", idx({2}, {'\0', '\1'}));
  CHECK(message() == "no error");
  write_file(dir / "train-images-idx3-ubyte", idx({2, 1, 2}, "abc"));
  CHECK_THAT(message(), ContainsSubstring("train-images-idx3-ubyte"));
  write_file(dir / "train-images-idx3-ubyte", idx({4}, "abcd"));
  CHECK_THAT(message(), ContainsSubstring("found an array of 1 dimensions, expected 3"));
}

TEST_CASE("a sample out of range is an IndexError") {
  const tx::ImageDataset dataset(std::vector<std::byte>(8), std::vector<std::byte>(2), 2, 2, {});
  const std::vector<int64_t> indices{2};
  CHECK_THROWS_AS(tx::get_batch(dataset, indices), c10::IndexError);
}

TEST_CASE("both spellings of MNIST's files are read, in any folder that torchvision makes") {
  const std::string images = idx({2, 1, 2}, "abcd");
  const std::string labels = idx({2}, {'\0', '\1'});
  const auto write_pair = [&](const std::string& folder, const std::string& stem, const std::string& dash) {
    std::filesystem::create_directories(folder);
    write_file(folder + "/" + stem + "-images" + dash + "idx3-ubyte", images);
    write_file(folder + "/" + stem + "-labels" + dash + "idx1-ubyte", labels);
  };
  for (const char* folder : {"", "/raw", "/MNIST/raw", "/FashionMNIST/raw", "/KMNIST/raw", "/MNIST"}) {
    for (const char* dash : {"-", "."}) {
      const TempDir dir;
      write_pair(dir.path().string() + folder, "t10k", dash);
      CHECK(tx::mnist(dir.path().string(), tx::Split::kTest)->size() == 2);
    }
  }
  const TempDir dir;
  const std::string root = dir.path().string();
  write_pair(root + "/EMNIST/raw", "emnist-letters-train", "-");
  CHECK(tx::emnist(root, "letters", tx::Split::kTrain)->size() == 2);
  // A folder of a file's name, as some archives unpack, is none.
  std::filesystem::create_directories(root + "/train-images-idx3-ubyte");
  write_pair(root, "train", ".");
  CHECK(tx::mnist(root, tx::Split::kTrain)->size() == 2);
}

TEST_CASE("a folder of several datasets in MNIST's form is refused with their names") {
  const TempDir dir;
  for (const char* name : {"MNIST", "FashionMNIST"}) {
    std::filesystem::create_directories(dir / name + "/raw");
    write_file(dir / name + "/raw/t10k-images-idx3-ubyte", idx({1, 1, 2}, "ab"));
    write_file(dir / name + "/raw/t10k-labels-idx1-ubyte", idx({1}, {'\1'}));
  }
  CHECK_THROWS_WITH(
      tx::mnist(dir.path().string(), tx::Split::kTest),
      ContainsSubstring("found \"MNIST\", \"FashionMNIST\" in it, expected one dataset; give the folder of "
                        "one: " +
                        (dir / "MNIST")));
  CHECK(tx::mnist(dir / "FashionMNIST", tx::Split::kTest)->size() == 1);
}

TEST_CASE("images and labels that were swapped, or lie apart, are told") {
  const TempDir dir;
  const std::string root = dir.path().string();
  write_file(dir / "train-images-idx3-ubyte", idx({2, 1, 2}, "abcd"));
  CHECK_THROWS_WITH(tx::mnist(root, tx::Split::kTrain),
                    ContainsSubstring("train-labels-idx1-ubyte.gz: no such file; expected the labels of "));
  write_file(dir / "train-labels-idx1-ubyte", idx({2, 1, 2}, "abcd"));
  CHECK_THROWS_WITH(tx::mnist(root, tx::Split::kTrain),
                    ContainsSubstring("train-labels-idx1-ubyte: found an array of 3 dimensions, expected 1: these are "
                                      "images, not labels"));
  write_file(dir / "train-images-idx3-ubyte", idx({2}, {'\0', '\1'}));
  CHECK_THROWS_WITH(tx::mnist(root, tx::Split::kTrain), ContainsSubstring("expected 3: these are labels, not images"));
}
