#include "libtorch_ext/formats/pickle/pickle_writer.h"

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "libtorch_ext/formats/repr.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

Value round_trip(const Value& value) {
  const Pickle pickle = write_pickle(value, "x.pkl");
  return read_pickle(std::as_bytes(std::span(pickle.bytes)), "x.pkl", [&](const Value& id) {
    const auto& parts = id.as<Tuple>()->items;
    return pickle.storages.at(std::stoul(*parts[2].as<std::string>()));
  });
}

}  // namespace

TEST_CASE("these exact bytes are the pickle of a small state_dict", "[pickle]") {
  Dict dict;
  dict.ordered = true;
  dict.items = {{"w", make_tensor({1, 2, 3})}};
  dict.attributes = {{"_metadata", Dict{}}};
  CHECK(write_pickle(dict, "x.pkl").bytes ==
        "\x80\x02"
        "ccollections\nOrderedDict\nq\x00)Rq\x01("
        "X\x01\x00\x00\x00wq\x02"
        "ctorch._utils\n_rebuild_tensor_v2\nq\x03("
        "(X\x07\x00\x00\x00storageq\x04"
        "ctorch\nFloatStorage\nq\x05"
        "X\x01\x00\x00\x00"
        "0"
        "X\x03\x00\x00\x00"
        "cpuq\x06"
        "K\x03tQq\x07"
        "K\x00K\x03\x85K\x01\x85\x89h\x00)RtRu"
        "}(X\x09\x00\x00\x00_metadataq\x08}q\x09ub."s);
}

TEST_CASE("every value reads back as it was written", "[pickle]") {
  const auto value =
      GENERATE(as<Value>{}, None(), true, 0, 255, 256, 65536, -1, int64_t{1} << 31, -(int64_t{1} << 31),
               int64_t{1} << 40, -(int64_t{1} << 40), INT64_MIN, INT64_MAX, 0.1, "", "ü", Bytes{"\xff\x00\x80"s},
               Bytes{}, BigInt{std::string(9, '\x7f')}, BigInt{std::string(300, '\x7f')}, Tuple{}, Tuple{{1, 2, 3, 4}},
               List{{List{}}}, Dict{{{"a", 1}, {2, None()}}}, Global{"torch", "float32"},
               Object{{"builtins", "set"}, Object::Made::kReduce, std::make_shared<Tuple>(Tuple{{List{{1}}}})});
  const Value read = round_trip(value);
  CHECK(repr(read, 1000) == repr(value, 1000));
  CHECK(read.type_name() == value.type_name());
}

TEST_CASE("objects keep how they are made, their items and their state", "[pickle]") {
  Object object;
  object.type = {"a", "C"};
  object.made = Object::Made::kNewObj;
  object.args = std::make_shared<Tuple>(Tuple{{1}});
  object.list_items = {2, 3};
  object.dict_items = {{"k", 4}};
  object.state = std::make_shared<Value>(Dict{{{"x", 5}}});
  const Value read = round_trip(object);
  const auto* found = read.as<Object>();
  REQUIRE(found);
  CHECK(found->made == Object::Made::kNewObj);
  CHECK(found->list_items.size() == 2);
  CHECK(found->dict_items.size() == 1);
  CHECK(repr(read, 100) == "a.C(1) with {'x': 5}");
}

TEST_CASE("shared containers, cycles and shared storages are written once", "[pickle]") {
  auto list = std::make_shared<List>();
  auto tuple = std::make_shared<Tuple>(Tuple{{list}});
  const Tensor tensor = make_tensor({1, 2});
  list->items = {tuple, list, tensor, tensor};
  const Value value = round_trip(tuple);
  list->items.clear();

  auto* inner = const_cast<List*>(value.as<Tuple>()->items[0].as<List>());
  CHECK(inner->items[0].as<Tuple>()->items[0].identity() == inner);
  CHECK(inner->items[1].identity() == inner);
  CHECK(inner->items[2].as<Tensor>()->storage == inner->items[3].as<Tensor>()->storage);
  inner->items.clear();  // else the cycle would leak
}

TEST_CASE("what can't be written is refused by name", "[pickle]") {
  Value deep = List{};
  for (int i = 0; i < 1000; ++i) deep = List{{deep}};
  CHECK_THROWS_WITH(write_pickle(deep, "x.pt"), "x.pt: containers are nested in more than 1000 levels");
  Tensor tensor = make_tensor({1});
  tensor.storage_offset = 1;
  CHECK_THROWS_WITH(write_pickle(tensor, "x.pt"), ContainsSubstring("it reaches byte 8 of a storage of 4 bytes"));
  CHECK_THROWS_AS(write_pickle(Global{"a\nb", "c"}, "x.pt"), FormatError);
}

}  // namespace torch_ext::formats
