#include "libtorch_ext/formats/safetensors/safetensors.h"

#include <filesystem>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

// What both the format and PyTorch have; float4 takes two numbers a byte.
const std::vector<DType> kDTypes = {
    DType::Bool,     DType::Byte,         DType::Char,  DType::Float8_e5m2,    DType::Float8_e4m3fn,
    DType::Short,    DType::UInt16,       DType::Half,  DType::Float8_e8m0fnu, DType::Float8_e5m2fnuz,
    DType::BFloat16, DType::Int,          DType::Float, DType::UInt32,         DType::Float8_e4m3fnuz,
    DType::Double,   DType::ComplexFloat, DType::Long,  DType::UInt64,         DType::Float4_e2m1fn_x2};

/// The bytes of a file with that header, unpadded.
std::string raw_file(const std::string& header, const std::string& data = "") {
  std::string file;
  append_little<uint64_t>(file, header.size());
  return file + header + data;
}

std::string text_of(const Value& root, const std::string& name) {
  for (const auto& [key, attribute] : root.as<Dict>()->attributes) {
    const Value* value = key == "__metadata__" ? attribute.as<Dict>()->find(name) : nullptr;
    if (value) return *value->as<std::string>();
  }
  return "(none)";
}

bool has_python_safetensors() {
  return python_problem().empty() &&
         run_python("import importlib.util as u; print(u.find_spec('safetensors') is not None)") == "True\n";
}

}  // namespace

TEST_CASE("every dtype and shape of safetensors round-trips bit for bit, in order", "[safetensors]") {
  using Shape = std::vector<int64_t>;
  const auto shape = GENERATE(Shape{}, Shape{0}, Shape{0, 3, 2}, Shape{1}, Shape{7}, Shape{2, 1, 4, 3});
  const TempDir dir;
  Dict dict;
  for (const DType dtype : kDTypes) {
    if (dtype == DType::Float4_e2m1fn_x2 && shape.empty()) continue;  // half a byte
    dict.set(dtype_name(dtype), make_tensor(dtype, shape));
  }
  write_safetensors(dict, dir / "model.safetensors", {.durable = false});
  const TensorFile file = read_tensor_file(dir / "model.safetensors");
  CHECK(file.format == "safetensors");
  CHECK_FALSE(file.has_checksums);
  const auto tensors = named_tensors(file.root);
  REQUIRE(tensors.size() == dict.items.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    CHECK(name == *dict.items[i].first.as<std::string>());
    const auto& written = *dict.items[i].second.as<Tensor>();
    CHECK(dtype_name(tensor.dtype) == name);
    CHECK(tensor.shape == written.shape);
    CHECK(tensor.stride == written.stride);
    CHECK(elements(tensor) == elements(written));
    if (tensor.numel() > 0) {
      CHECK(reinterpret_cast<uintptr_t>(tensor.storage->bytes().data()) % element_size(tensor.dtype) == 0);
    }
  }
}

TEST_CASE("a safetensors file is a length, a header padded to 8 bytes, and the data", "[safetensors]") {
  const TempDir dir;
  const Value root = Dict{{{"b", make_tensor(DType::Char, {2, 1})}, {"a\n\"é", make_tensor(DType::Short, {})}}};
  write_safetensors(root, dir / "model.safetensors");
  std::string header = R"({"__metadata__":{"format":"pt"},"b":{"dtype":"I8","shape":[2,1],"data_offsets":[2,4]},)"
                       R"("a\n\"é":{"dtype":"I16","shape":[],"data_offsets":[0,2]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(read_file(dir / "model.safetensors") == raw_file(header, "\0\1\0\1"s));
}

TEST_CASE("views, tied and nested tensors are written out under each name", "[safetensors]") {
  const TempDir dir;
  const Tensor whole = make_tensor(DType::Int, {2, 3});
  Tensor transposed = whole;
  transposed.shape = {3, 2};
  transposed.stride = {1, 3};
  Tensor row = whole;
  row.shape = {3};
  row.stride = {1};
  row.storage_offset = 3;
  row.is_parameter = true;
  const Value root = Dict{{{"model", Dict{{{"w", whole}, {"tied", whole}, {"t", transposed}}}}, {"rows", List{{row}}}}};
  write_safetensors(root, dir / "model.safetensors");
  const auto read = named_tensors(read_safetensors(dir / "model.safetensors").root);
  REQUIRE(read.size() == 4);
  CHECK(read[0].name == "model.w");
  CHECK(read[1].name == "model.tied");
  CHECK(read[1].tensor.storage != read[0].tensor.storage);
  CHECK(elements(read[1].tensor) == elements(whole));
  CHECK(read[2].tensor.stride == std::vector<int64_t>{2, 1});
  CHECK(elements(read[2].tensor) == elements(transposed));
  CHECK(read[3].name == "rows.0");
  CHECK_FALSE(read[3].tensor.is_parameter);
  CHECK(elements(read[3].tensor) == elements(row));
}

TEST_CASE("what is no tensor is kept as text, and metadata survives reading and writing", "[safetensors]") {
  const TempDir dir;
  const Value root = Dict{{{"w", make_tensor({1})},
                           {"epoch", 3},
                           {"note", "a 'b'"},
                           {"args", Dict{{{"lr", 0.1}, {"betas", Tuple{{0.9, 0.999}}}, {"none", None()}}}}}};
  write_safetensors(root, dir / "1.safetensors");
  const Value first = read_safetensors(dir / "1.safetensors").root;
  CHECK(text_of(first, "format") == "pt");
  CHECK(text_of(first, "epoch") == "3");
  CHECK(text_of(first, "note") == "a 'b'");
  CHECK(text_of(first, "args.lr") == "0.1");
  CHECK(text_of(first, "args.betas") == "(0.9, 0.999)");
  CHECK(text_of(first, "args.none") == "None");
  write_safetensors(first, dir / "2.safetensors");
  CHECK(read_file(dir / "2.safetensors") == read_file(dir / "1.safetensors"));
  // By way of torch.save, too.
  write_pytorch_zip(first, dir / "3.pt");
  write_safetensors(read_pytorch_zip(dir / "3.pt").root, dir / "3.safetensors");
  CHECK(read_file(dir / "3.safetensors") == read_file(dir / "1.safetensors"));
}

TEST_CASE("what safetensors can't hold is refused by name, and the old file stays", "[safetensors]") {
  struct Case {
    Value root;
    std::string problem;
  };
  Tensor repeated = make_tensor({1});
  repeated.shape = {1 << 20, 1 << 20};
  repeated.stride = {0, 0};
  Tensor beyond = make_tensor({1});
  beyond.shape = {2};
  const Tensor one = make_tensor({1});
  const Value sparse =
      Object{.type = {"torch._utils", "_rebuild_sparse_tensor"}, .args = std::make_shared<Tuple>(Tuple{{one}})};
  const auto refused = GENERATE_COPY(
      Case{Dict{{{"z", make_tensor(DType::ComplexDouble, {1})}}},
           "tensor 'z': safetensors has no dtype for complex128; convert it first (--dtype float32)"},
      Case{Dict{{{"q", make_tensor(DType::QInt8, {1})}}},
           "only files of torch.save keep q (a quantized tensor, qint8)"},
      Case{Dict{{{"f", make_tensor(DType::Float4_e2m1fn_x2, {})}}}, "tensor 'f': a scalar can't be written as F4"},
      Case{Dict{{{"a.b", one}, {"a", Dict{{{"b", one}}}}}}, "two values would be named 'a.b'; rename one"},
      Case{Dict{{{"a.b", 1}, {"a", Dict{{{"b", 2}}}}}}, "two values would be named 'a.b'; rename one"},
      Case{Dict{{{"__metadata__", one}}}, "a tensor can't be named __metadata__"},
      Case{Dict{{{"\xed\xa0\x80", one}}}, "is no UTF-8"}, Case{Dict{{{"a", "\xff"}}}, "is no UTF-8"},
      Case{Dict{{{"e", sparse}}},
           "keep e (a sparse tensor, made by _rebuild_sparse_tensor); write one (.pt), or leave them out"},
      Case{Dict{{{"s", Value(one.storage)}}}, "keep s (a storage without a tensor)"},
      Case{Dict{{{"beyond", beyond}}}, "it reaches byte 8 of a storage of 4 bytes"},
      Case{Dict{{{"r", repeated}}}, "r: tensor of shape [1048576, 1048576] repeats a storage of 4 bytes"});
  const TempDir dir;
  write_file(dir / "model.safetensors", "old");
  CHECK_THROWS_WITH(write_safetensors(refused.root, dir / "model.safetensors"), ContainsSubstring(refused.problem));
  CHECK_THROWS_AS(write_safetensors(refused.root, dir / "model.safetensors"), FormatError);
  CHECK(read_file(dir / "model.safetensors") == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("unusual files that the reference takes are read as it reads them", "[safetensors]") {
  struct Case {
    std::string header;
    std::string data;
    std::vector<std::string> names;
  };
  const auto usual = GENERATE(
      Case{"{}", "", {}}, Case{"{ \"a\" :\t{\"shape\":[],\"data_offsets\":[0,1],\"dtype\":\"U8\"}}\r\n ", "x", {"a"}},
      Case{R"({"__metadata__":null,"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x", {""}},
      Case{R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"\u0061\n":{"dtype":"U8","shape":[1],)"
           R"("data_offsets":[0,1],"more":[{"x":-1.5e3}]}})",
           "xy",
           {"b", "a\n"}},
      Case{R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[0],)"
           R"("data_offsets":[0,0]},"c":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[1,1]}})",
           "x",
           {}},
      Case{R"({"\ud83d\ude00":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x", {"\xf0\x9f\x98\x80"}});
  const TempDir dir;
  write_file(dir / "m", raw_file(usual.header, usual.data));
  if (usual.header.find("9223372036854775807") != std::string::npos) {
    CHECK_THROWS_WITH(read_safetensors(dir / "m"), ContainsSubstring("'c': its sizes are too large"));  // for strides
    return;
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : named_tensors(read_safetensors(dir / "m").root)) names.push_back(name);
  CHECK(names == usual.names);
}

TEST_CASE("Python's safetensors reads what we write and writes what we read", "[safetensors][python]") {
  if (!has_python_safetensors()) SKIP("Python has no safetensors; scripts/setup installs it");
  const TempDir dir;
  Dict dict{.ordered = true};
  for (const DType dtype : kDTypes) dict.set(dtype_name(dtype), make_tensor(dtype, {2, 4}));
  dict.set("empty", make_tensor(DType::Float, {0, 3}));
  dict.set("scalar", make_tensor(DType::Double, {}));
  write_safetensors(dict, dir / "ours.safetensors");
  const std::string seen = run_python(R"(
import sys, torch, safetensors, safetensors.torch
with safetensors.safe_open(sys.argv[1], "pt") as file:
    print(file.metadata())
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    for name, tensor in tensors.items():
        data = bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.numel() else b""
        print(name, str(tensor.dtype)[6:], list(tensor.shape), data.hex())
safetensors.torch.save_file(tensors, sys.argv[2], {"format": "pt"})
)",
                                      {dir / "ours.safetensors", dir / "theirs.safetensors"});
  std::string expected;
  std::vector<NamedTensor> sorted = named_tensors(dict);
  std::ranges::sort(sorted, {}, &NamedTensor::name);
  for (const auto& [name, tensor] : sorted) {
    std::string shape;
    for (int64_t size : tensor.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
    expected += name + " " + std::string(dtype_name(tensor.dtype)) + " [" + shape + "] ";
    for (unsigned char c : elements(tensor)) {
      (expected += "0123456789abcdef"[c >> 4]) += "0123456789abcdef"[c & 15];
    }
    expected += '\n';
  }
  CHECK(seen == "{'format': 'pt'}\n" + expected);
  const Value theirs = read_safetensors(dir / "theirs.safetensors").root;
  CHECK(text_of(theirs, "format") == "pt");
  for (const auto& [name, tensor] : sorted) {
    const auto& read = *theirs.as<Dict>()->find(name)->as<Tensor>();
    CHECK(read.dtype == tensor.dtype);
    CHECK(read.shape == tensor.shape);
    CHECK(elements(read) == elements(tensor));
  }
}

TEST_CASE("tensors of one dtype under sorted names make the very bytes that Python's safetensors makes",
          "[safetensors][python]") {
  if (!has_python_safetensors()) SKIP("Python has no safetensors; scripts/setup installs it");
  const TempDir dir;
  write_safetensors(Dict{{{"a", make_tensor({1, 2, 3})}, {"b\t\"\\/é\x7f\x01", make_tensor({4})}}},
                    dir / "ours.safetensors");
  run_python(R"(
import sys, torch, safetensors.torch
tensors = {"b\t\"\\/é\x7f\x01": torch.tensor([4.0]), "a": torch.tensor([1.0, 2.0, 3.0])}
safetensors.torch.save_file(tensors, sys.argv[1], {"format": "pt"})
)",
             {dir / "theirs.safetensors"});
  CHECK(read_file(dir / "ours.safetensors") == read_file(dir / "theirs.safetensors"));
}

}  // namespace torch_ext::formats
