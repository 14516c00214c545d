// What durability.py kills, starves and checks: writes checkpoints that can be told from one another.
//   durability-writer write PATH FIRST COUNT KIB   writes generations FIRST, FIRST + 1, …; prints each that is in place
//   durability-writer check PATH                   reads everything and prints the generation
//   durability-writer hold PATH                    opens, prints "open", waits for a line, then as check

#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace {

using namespace torch_ext::formats;

constexpr int64_t kTensors = 16;

/// A tensor whose numbers all are `generation`.
Tensor make_tensor(int64_t generation, int64_t numel) {
  auto numbers = std::make_shared<const std::vector<int64_t>>(static_cast<size_t>(numel), generation);
  Tensor tensor{.dtype = DType::Long, .shape = {numel}, .stride = {1}};
  tensor.storage = std::make_shared<Storage>(std::as_bytes(std::span(*numbers)), numbers);
  return tensor;
}

void write(const std::string& path, int64_t first, int64_t count, int64_t kib) {
  remove_leftovers(path);
  const bool is_sharded = path.ends_with(".index.json");
  const auto shard_size = is_sharded ? std::optional<uint64_t>(static_cast<uint64_t>(kib) * 1024 / 3) : std::nullopt;
  for (int64_t generation = first; generation < first + count; ++generation) {
    Dict state;
    for (int64_t i = 0; i < kTensors; ++i) {
      state.set("tensor" + std::to_string(i), make_tensor(generation, kib * 1024 / 8 / kTensors));
    }
    write_tensor_file(state, path, {.max_shard_size = shard_size});
    std::cout << generation << std::endl;
  }
}

/// The generation that every number in the file is of.
int64_t generation_of(const TensorFile& file) {
  const auto tensors = named_tensors(file.root);
  if (tensors.size() != kTensors) throw std::runtime_error("a file with other tensors was found");
  int64_t generation = -1;
  std::vector<std::byte> scratch;
  for (const auto& [name, tensor] : tensors) {
    const auto bytes = row_major_bytes(tensor, scratch);
    for (size_t at = 0; at < bytes.size(); at += sizeof generation) {
      int64_t number = 0;
      std::memcpy(&number, bytes.data() + at, sizeof number);
      if (generation < 0) generation = number;
      if (number != generation) throw std::runtime_error("generations are mixed");
    }
  }
  return generation;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 5 && words[0] == "write") {
      write(words[1], std::stoll(words[2]), std::stoll(words[3]), std::stoll(words[4]));
    } else if (words.size() == 2 && words[0] == "check") {
      std::cout << generation_of(read_tensor_file(words[1], {.verify = Verify::kNow})) << std::endl;
    } else if (words.size() == 2 && words[0] == "hold") {
      const TensorFile file = read_tensor_file(words[1]);
      std::string line;
      std::cout << "open" << std::endl;
      std::getline(std::cin, line);
      std::cout << generation_of(file) << std::endl;
    } else {
      throw std::invalid_argument("usage: write PATH FIRST COUNT KIB | check PATH | hold PATH");
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
