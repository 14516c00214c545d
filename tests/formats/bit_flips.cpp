// The CRC-32s of a torch.save file notice each single bit that flips in tensor data.
#include <filesystem>
#include <fstream>
#include <random>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

/// A file whose bits can be flipped in place.
class FlippedFile {
 public:
  explicit FlippedFile(const std::string& path) : file_(path, std::ios::binary | std::ios::in | std::ios::out) {}

  void flip(size_t byte, int bit) {
    file_.seekg(static_cast<std::streamoff>(byte));
    const int old = file_.get();
    file_.seekp(static_cast<std::streamoff>(byte));
    file_.put(static_cast<char>(old ^ 1 << bit)).flush();
  }

 private:
  std::fstream file_;
};

void read_elements(const std::string& path, Verify verify) {
  for (const auto& [name, tensor] : named_tensors(read_tensor_file(path, {.verify = verify}).root)) elements(tensor);
}

void check_noticed(const std::string& path) {
  const Value root = read_tensor_file(path).root;
  CHECK_THROWS_WITH(elements(named_tensors(root)[0].tensor), ContainsSubstring("is damaged: its CRC-32 is"));
  CHECK_THROWS_WITH(read_tensor_file(path, {.verify = Verify::kNow}), ContainsSubstring("is damaged: its CRC-32 is"));
  CHECK_NOTHROW(read_elements(path, Verify::kSkip));
}

}  // namespace

TEST_CASE("every flipped bit of a small tensor is noticed, on use and at once", "[bit_flips]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  const Tensor tensor = make_tensor(DType::Byte, {100});
  write_tensor_file(Dict{{{"w", tensor}}}, path, {.durable = false});
  const size_t begin = read_file(path).find(elements(tensor));
  FlippedFile file(path);
  for (size_t byte = begin; byte < begin + 100; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      file.flip(byte, bit);
      check_noticed(path);
      file.flip(byte, bit);
    }
  }
  CHECK_NOTHROW(read_elements(path, Verify::kNow));
}

TEST_CASE("flipped bits anywhere in larger tensors are noticed", "[bit_flips]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  const Tensor tensor = make_tensor(DType::Float, {1 << 18});
  write_tensor_file(Dict{{{"w", tensor}}}, path, {.durable = false});
  const size_t begin = read_file(path).find(elements(tensor));
  FlippedFile file(path);
  std::mt19937 random(4);
  for (int i = 0; i < 300; ++i) {
    const size_t byte = begin + random() % (size_t{1} << 20);
    const int bit = static_cast<int>(random() % 8);
    file.flip(byte, bit);
    check_noticed(path);
    file.flip(byte, bit);
  }
  CHECK_NOTHROW(read_elements(path, Verify::kNow));
}

TEST_CASE("a flipped bit is noticed while the file is converted", "[bit_flips]") {
  const TempDir dir;
  const Tensor tensor = make_tensor(DType::Byte, {100});
  write_tensor_file(Dict{{{"w", tensor}}}, dir / "model.pt");
  FlippedFile(dir / "model.pt").flip(read_file(dir / "model.pt").find(elements(tensor)) + 99, 7);
  const std::string target = GENERATE("copy.pt", "copy.safetensors", "copy.bin.index.json");
  CHECK_THROWS_WITH(write_tensor_file(read_tensor_file(dir / "model.pt").root, dir / target),
                    ContainsSubstring("model.pt: record model/data/0 is damaged"));
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

}  // namespace torch_ext::formats
