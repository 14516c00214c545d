#include "libtorch_ext/formats/pickle/numpy_rebuild.h"

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

Value read(const std::string& pickle) {
  return read_pickle(std::as_bytes(std::span(pickle)), "x.pkl", [](const Value&) { return Value(); });
}

const std::string kType = "cnumpy\ndtype\n(X\x02\0\0\0f4\x89\x88tR(K\x03X\x01\0\0\0<NNNtb"s;
const std::string kArray = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85"s + "C\x01" + "btR";

/// (1, (sizes,), dtype, False, size bytes)
std::string state(const std::string& shape, size_t size) {
  std::string length(4, '\0');
  for (size_t i = 0; i < 4; ++i) length[i] = static_cast<char>(size >> 8 * i);
  return "(K\x01" + shape + kType + "\x89" + "B" + length + std::string(size, '\1') + "t";
}

}  // namespace

TEST_CASE("an array of NumPy is a tensor once it has its state, wherever the pickle refers to it", "[pickle]") {
  // [array, array], the second from the memo, where it was put before its state came
  const Value list = read("\x80\x02](" + kArray + "q\x01" + state("K\x02\x85", 8) + "bh\x01" + "e.");
  const auto& items = list.as<List>()->items;
  REQUIRE(items.size() == 2);
  REQUIRE((items[0].as<Tensor>() && items[1].as<Tensor>()));
  CHECK(items[0].as<Tensor>() == items[1].as<Tensor>());
  CHECK(items[0].as<Tensor>()->shape == std::vector<int64_t>{2});
  CHECK(numpy_function(*items[0].as<Tensor>())->name == "_reconstruct");
}

TEST_CASE("an array's bytes are as many as its shape takes, and sizes that overflow are refused", "[pickle]") {
  CHECK_THROWS_WITH(read("\x80\x02" + kArray + state("K\x03\x85", 8) + "b."),
                    ContainsSubstring("an array of NumPy has 8 bytes, its shape takes 12"));
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s;
  CHECK_THROWS_AS(read("\x80\x02" + kArray + state("(" + huge + huge + "t", 8) + "b."), FormatError);
  CHECK_THROWS_AS(read("\x80\x02" + kArray + state("K\0"s + huge + huge + "\x87", 0) + "b."), FormatError);
  CHECK(read("\x80\x02" + kArray + state("J\xff\xff\xff\xff\x85", 8) + "b.").as<Object>());
}

TEST_CASE("one state for a thousand arrays is refused before it takes a thousand times its bytes", "[pickle]") {
  const std::string first = state("M\0\x40\x85"s, 65536) + "q\x01" + "0";
  std::string arrays;
  for (int i = 0; i < 1000; ++i) arrays += kArray + "h\x01" + "b";
  CHECK_THROWS_WITH(read("\x80\x02](" + first + arrays + "e."), ContainsSubstring("repeated too often"));
}

}  // namespace torch_ext::formats
