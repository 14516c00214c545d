#include "libtorch_ext/formats/shards/sharded.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <set>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using Names = std::set<std::string>;

Names files_in(const TempDir& dir) {
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) names.insert(entry.path().filename());
  return names;
}

/// Tensors of 8, 8, 20, 4 and 4 bytes.
Dict five_tensors(float first = 1) {
  return {{{"b", make_tensor({first, 2})},
           {"a", make_tensor({3, 4})},
           {"large", make_tensor({5, 6, 7, 8, 9})},
           {"c", make_tensor({10})},
           {"d", make_tensor({11})}}};
}

void check_equal(const Value& read, const Dict& written) {
  const auto found = named_tensors(read);
  const auto expected = named_tensors(written);
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].name == expected[i].name);
    CHECK(elements(found[i].tensor) == elements(expected[i].tensor));
  }
}

}  // namespace

TEST_CASE("shards are filled in order and named as transformers names them", "[sharded]") {
  const TempDir dir;
  const std::string extension = GENERATE("safetensors", "bin");
  const std::string path = dir / "model." + extension;
  Dict root = five_tensors();
  root.set("epoch", 3);
  write_tensor_file(root, path, {.max_shard_size = 16});
  const auto shard = [&](int i) { return "model-0000" + std::to_string(i) + "-of-00003." + extension; };
  CHECK(files_in(dir) == Names{shard(1), shard(2), shard(3), "model." + extension + ".index.json"});
  const auto index = nlohmann::json::parse(read_file(path + ".index.json"));
  CHECK(index["metadata"] == nlohmann::json{{"total_size", 44}, {"epoch", "3"}});
  CHECK(index["weight_map"] ==
        nlohmann::json{{"b", shard(1)}, {"a", shard(1)}, {"large", shard(2)}, {"c", shard(3)}, {"d", shard(3)}});

  const TensorFile file = read_tensor_file(path + ".index.json", {.verify = Verify::kNow});
  CHECK(file.format == (extension == "bin" ? "pytorch-sharded" : "safetensors-sharded"));
  CHECK(file.has_checksums == (extension == "bin"));
  check_equal(file.root, five_tensors());
  CHECK(file.root.as<Dict>()->attributes.at(0).second.as<Dict>()->find("epoch")->as<std::string>() != nullptr);
}

TEST_CASE("tensors that share a storage stay in one torch.save shard and share it again", "[sharded]") {
  const TempDir dir;
  const Tensor shared = make_tensor({1, 2});
  write_sharded(Dict{{{"a", shared}, {"b", make_tensor({3, 4})}, {"c", shared}}}, dir / "m.bin.index.json",
                {.max_shard_size = 8});
  const auto read = named_tensors(read_sharded(dir / "m.bin.index.json").root);
  REQUIRE(read.size() == 3);
  CHECK(read[2].name == "c");
  CHECK(read[0].tensor.storage == read[2].tensor.storage);
  CHECK(nlohmann::json::parse(read_file(dir / "m.bin.index.json"))["metadata"]["total_size"] == 16);
}

TEST_CASE("a sharded checkpoint is replaced without touching the old one's files before its index", "[sharded]") {
  const TempDir dir;
  const std::string path = dir / "model.safetensors.index.json";
  const Names first{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                    "model.safetensors.index.json"};
  const Names second{"model.2-00001-of-00002.safetensors", "model.2-00002-of-00002.safetensors",
                     "model.safetensors.index.json"};
  write_sharded(five_tensors(1), path, {.max_shard_size = 36});
  CHECK(files_in(dir) == first);
  const Value old = read_sharded(path).root;

  Dict broken = five_tensors(2);
  broken.set("d", make_tensor(DType::ComplexDouble, {1}));
  CHECK_THROWS_WITH(write_sharded(broken, path, {.max_shard_size = 36}), ContainsSubstring("'d': safetensors has no"));
  CHECK(files_in(dir) == first);
  check_equal(read_sharded(path).root, five_tensors(1));

  write_sharded(five_tensors(2), path, {.max_shard_size = 36});
  CHECK(files_in(dir) == second);
  check_equal(read_sharded(path).root, five_tensors(2));
  check_equal(old, five_tensors(1));

  // From its own files, and of other files only those that are shards by their names are removed.
  write_sharded(read_sharded(path).root, path, {.max_shard_size = 36});
  CHECK(files_in(dir) == first);
  write_file(dir / "notes.txt", "");
  write_file(path, R"({"weight_map": {"x": "notes.txt"}})");
  write_sharded(five_tensors(3), path, {.max_shard_size = 36});
  CHECK(files_in(dir).contains("notes.txt"));
  check_equal(read_sharded(path).root, five_tensors(3));
}

TEST_CASE("no tensors make one empty shard", "[sharded]") {
  const TempDir dir;
  write_sharded(Dict{}, dir / "m.safetensors.index.json");
  CHECK(named_tensors(read_sharded(dir / "m.safetensors.index.json").root).empty());
  CHECK_THROWS_WITH(write_sharded(Dict{}, dir / "m.json"), ContainsSubstring("a name that ends in .index.json"));
}

TEST_CASE("an index that leads astray is refused", "[malformed][sharded]") {
  struct Case {
    std::string index;
    std::string problem;
  };
  const auto hostile = GENERATE(
      Case{R"({"weight_map": {"a": "../s.bin"}})", "weight_map names the file '../s.bin', the name of a file beside"},
      Case{R"({"weight_map": {"a": "/etc/passwd"}})", "weight_map names the file '/etc/passwd'"},
      Case{R"({"weight_map": {"a": "sub/s.bin"}})", "weight_map names the file 'sub/s.bin'"},
      Case{R"({"weight_map": {"a": "..\\s.bin"}})", "weight_map names the file"},
      Case{R"({"weight_map": {"a": "s\u0000.bin"}})", "weight_map names the file 's\\x00.bin'"},
      Case{R"({"weight_map": {"a": ".."}})", "weight_map names the file '..'"},
      Case{R"({"weight_map": {"a": ""}})", "weight_map names the file ''"},
      Case{R"({"weight_map": {"a": 1}})", "index: JSON, byte 21: a string is expected, '1' is found"},
      Case{R"({"weight_map": ["a"]})", "an object is expected, '[' is found"},
      Case{R"({"weight_map": {"a": "s.safetensors", "a": "s.safetensors"}})", "the name 'a' comes twice"},
      Case{R"({"metadata": {}})", "it has no weight_map, which the index of a sharded checkpoint has"},
      Case{R"({"weight_map": {"a": "s.safetensors"})", "',' or '}' is expected, the end is found"},
      Case{R"({"weight_map": {"a": "none.bin"}})", "m.index.json: its shard 'none.bin' is missing"},
      Case{R"({"weight_map": {"a": "m.index.json"}})", "is an index, a shard is expected"},
      Case{R"({"weight_map": {"a": "text.bin"}})", "text.bin: is a text file"},
      Case{R"({"weight_map": {"b": "s.safetensors"}})", "s.safetensors: the tensor 'b', which the index promises, is"});
  const TempDir dir;
  write_tensor_file(Dict{{{"a", make_tensor({1})}}}, dir / "s.safetensors");
  write_file(dir / "text.bin", "text");
  write_file(dir / "m.index.json", hostile.index);
  CHECK_THROWS_WITH(read_tensor_file(dir / "m.index.json"), ContainsSubstring(hostile.problem));
}

TEST_CASE("an index cut at any byte does not load, and tensors beside the map are left out", "[malformed][sharded]") {
  const TempDir dir;
  write_tensor_file(Dict{{{"a", make_tensor({1})}, {"b", make_tensor({2})}}}, dir / "s.safetensors");
  const std::string good = R"({"metadata": null, "more": [1], "weight_map": {"b": "s.safetensors"}})";
  write_file(dir / "m.index.json", good);
  const auto read = named_tensors(read_sharded(dir / "m.index.json").root);
  REQUIRE(read.size() == 1);
  CHECK(read[0].name == "b");
  for (size_t size = 0; size < good.size(); ++size) {
    write_file_anew(dir / "m.index.json", good.substr(0, size));
    CHECK_THROWS_AS(read_sharded(dir / "m.index.json"), FormatError);
  }
}

TEST_CASE("Python reads our shards file by file, as the index says", "[sharded][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  write_tensor_file(five_tensors(), dir / "pytorch_model.bin", {.max_shard_size = 16});
  CHECK(run_python(R"(
import json, sys, torch
index = json.load(open(sys.argv[1] + "/pytorch_model.bin.index.json"))
for name, file in index["weight_map"].items():
    print(name, torch.load(sys.argv[1] + "/" + file, weights_only=True)[name].tolist())
)",
                   {dir.path().string()}) ==
        "b [1.0, 2.0]\na [3.0, 4.0]\nlarge [5.0, 6.0, 7.0, 8.0, 9.0]\nc [10.0]\nd [11.0]\n");
}

}  // namespace torch_ext::formats
