#include "libtorch_ext/formats/pickle/snapshot.h"

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

/// A tensor over memory that the test goes on changing.
Tensor live_tensor(std::vector<std::byte>& memory) {
  Tensor tensor;
  tensor.dtype = DType::Byte;
  tensor.shape = {static_cast<int64_t>(memory.size())};
  tensor.stride = {1};
  tensor.storage = std::make_shared<Storage>(std::span<const std::byte>(memory), nullptr);
  return tensor;
}

std::string written(const Pickle& pickle, const TempDir& dir) {
  write_pytorch_zip(pickle, dir / "model.pt", {.durable = false});
  return read_file(dir / "model.pt");
}

}  // namespace

TEST_CASE("a snapshot writes the file of the moment it was taken, to the byte", "[snapshot]") {
  const TempDir dir;
  std::vector<std::byte> memory(100'000, std::byte{1});
  const Tensor live = live_tensor(memory);
  auto more = std::make_shared<Dict>();
  more->set("step", 3);
  const Value root = Dict{.items = {{"a", live},
                                    {"tied", live},
                                    {"strided", make_tensor(DType::Float, {3, 5})},
                                    {"empty", make_tensor(DType::Half, {0, 2})},
                                    {"more", more}}};
  const std::string before = written(write_pickle(root, "model.pt"), dir);

  Snapshot snapshot;
  snapshot.take(root, "model.pt");
  std::fill(memory.begin(), memory.end(), std::byte{2});
  more->set("step", 4);
  CHECK(written(snapshot.pickle(), dir) == before);
  CHECK(written(write_pickle(root, "model.pt"), dir) != before);
}

TEST_CASE("the next snapshot takes the memory of the one before", "[snapshot]") {
  std::vector<std::byte> memory(1000);
  const Value small = Dict{.items = {{"a", live_tensor(memory)}}};
  const Value large = Dict{.items = {{"a", live_tensor(memory)}, {"b", make_tensor(DType::Float, {300})}}};
  Snapshot snapshot;
  snapshot.take(small, "");
  CHECK(snapshot.capacity() == 1024);
  snapshot.take(large, "");
  CHECK(snapshot.capacity() == 1024 + 1216);
  const auto* data = snapshot.pickle().storages[0]->bytes().data();
  for (const Value& value : {small, large, small}) {
    snapshot.take(value, "");
    CHECK(snapshot.pickle().storages[0]->bytes().data() == data);
    CHECK(snapshot.capacity() == 1024 + 1216);
  }
}

TEST_CASE("what came from another device is not copied again", "[snapshot]") {
  std::vector<std::byte> memory(1000);
  Tensor tensor = live_tensor(memory);
  auto storage = std::make_shared<Storage>(std::span<const std::byte>(memory), nullptr);
  storage->location = "cuda:0";
  tensor.storage = storage;
  Snapshot snapshot;
  snapshot.take(Dict{.items = {{"a", tensor}}}, "");
  CHECK(snapshot.capacity() == 0);
  CHECK(snapshot.pickle().storages[0] == storage);
}

TEST_CASE("a value that can't be written is refused when the snapshot is taken, which is empty then", "[snapshot]") {
  std::vector<std::byte> memory(8);
  Tensor beyond = live_tensor(memory);
  beyond.shape = {9};
  Snapshot snapshot;
  snapshot.take(Dict{.items = {{"a", live_tensor(memory)}}}, "model.pt");
  CHECK_THROWS_AS(snapshot.take(Dict{.items = {{"a", beyond}}}, "model.pt"), FormatError);
  CHECK(snapshot.pickle().bytes.empty());
}

}  // namespace torch_ext::formats
