#include "libtorch_ext/formats/flatten.h"

#include <stdexcept>

#include "libtorch_ext/formats/repr.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

std::vector<std::string> names(const Value& root) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : named_tensors(root)) result.push_back(name);
  return result;
}

}  // namespace

TEST_CASE("a tensor's name joins dict keys and list indices with dots", "[flatten]") {
  const Tensor tensor = make_tensor({1});
  const Value momentum = Dict{{{"momentum_buffer", tensor}}};
  const Value root = Dict{{{"optimizer", Dict{{{"state", Dict{{{0, momentum}, {1, momentum}}}}}}},
                           {"list", List{{1, Tuple{{tensor}}}}},
                           {"epoch", 3}}};
  CHECK(names(root) ==
        std::vector<std::string>{"optimizer.state.0.momentum_buffer", "optimizer.state.1.momentum_buffer", "list.1.0"});
  CHECK(names(tensor) == std::vector<std::string>{""});
}

TEST_CASE("leaves are all but the tensors, lists of plain numbers as one", "[flatten]") {
  const Value root = Dict{{{"weight", make_tensor({1})},
                           {"betas", Tuple{{0.9, 0.999}}},
                           {"groups", List{{Dict{{{"lr", 0.1}}}}}},
                           {"empty", Dict{}}}};
  std::string text;
  for (const auto& [name, value] : named_leaves(root)) text += name + "=" + repr(value, 100) + " ";
  CHECK(text == "betas=(0.9, 0.999) groups.0.lr=0.1 empty={} ");
}

TEST_CASE("a list that contains itself is walked once", "[flatten]") {
  auto list = std::make_shared<List>();
  list->items = {list, make_tensor({1})};
  CHECK(names(list) == std::vector<std::string>{"1"});
  CHECK(repr(list, 20).size() < 30);
  list->items.clear();  // else the cycle would leak
}

TEST_CASE("lists that double 60 times are refused instead of walked for years", "[flatten]") {
  Value value = List{{make_tensor({1})}};
  for (int i = 0; i < 60; ++i) value = List{{value, value}};
  CHECK_THROWS_AS(named_tensors(value), std::length_error);
}

TEST_CASE("repr reads as Python's does and ends where it is told to", "[repr]") {
  const Value value =
      Dict{{{"a", Tuple{{1}}}, {"b", List{{None(), true, 1e-5, 2.0, "it's\n"}}}, {3, Bytes{"\xff\x01"}}}};
  CHECK(repr(value, 200) == R"({'a': (1,), 'b': [None, True, 1e-05, 2.0, 'it\'s\n'], 3: b'\xff\x01'})");
  CHECK(repr(value, 10) == "{'a': (1,)…");
}

}  // namespace torch_ext::formats
