#include <filesystem>
#include <sys/stat.h>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/read_file.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "tests/formats/tar_file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using torch_ext::testing::ContainsSubstring;
using torch_ext::testing::TempDir;
using torch_ext::testing::write_file;
using namespace std::string_literals;

}  // namespace

TEST_CASE("a file of another kind is named, with what to do", "[kinds]") {
  struct Case {
    std::string content;
    std::string problem;
  };
  const auto other = GENERATE(
      Case{"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46830571\n",
           "is a Git LFS pointer, not the file; `git lfs pull`"},
      Case{"# xet version 0\n", "is a pointer of Git Xet"}, Case{"/annex/objects/SHA256E-s1\n", "`git annex get`"},
      Case{"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head>", "is a web page ('Sign in'), not the file"},
      Case{"\xef\xbb\xbf<HTML><body>404</body></HTML>", "is a web page, not the file"},
      Case{"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
           "is the answer of a server that couldn't give the file: 'AccessDenied'"},
      Case{"<svg xmlns=\"x\"></svg>", "is an XML document"},
      Case{"{\"error\": \"Repository not found\"}",
           "is the answer of a server that couldn't give the file: '{\"error\": \"Repository not found\"}'"},
      Case{"{\"architectures\": [\"BertModel\"]}",
           "is the description of a model, whose weights are in a file beside it"},
      Case{"{\"a\": 1}", "is JSON, but it has no weight_map"}, Case{"import torch\n", "is Python code"},
      Case{"model:\n  depth: 50\n", "is a text file, a file of torch.save is expected; it begins with 'model:'"},
      Case{"GGUF\3\0\0\0"s, "is a GGUF file"}, Case{"\x08\x07\x12\x07pytorch\x1a\x05", "is an ONNX model"},
      Case{"\x89HDF\r\n\x1a\n\0"s, "is HDF5"}, Case{"\x1c\0\0\0TFL3"s, "is a model of TensorFlow Lite"},
      Case{"\x82\xa6params\x81\xa7"
           "Dense_0",
           "is MessagePack (Flax, JAX)"},
      Case{"\x28\xb5\x2f\xfd\1", "zstd -d"}, Case{"7z\xbc\xaf\x27\x1c", "is a 7z archive"}, Case{"BZh91AY", "is bzip2"},
      Case{std::string(4096, '\0'), "begins with zeros"},
      Case{"MZ self-extracting\0\0PK\3\4 and so on"s, "has 20 bytes before a zip archive"}, Case{"", "is empty"},
      Case{"\x80\x04\x95 torch.distributed.checkpoint.metadata", "format_utils dcp_to_torch"});
  const TempDir dir;
  for (const char* name : {"model.pt", "model.safetensors"}) {
    write_file(dir / name, other.content);
    CHECK_THROWS_WITH(read_tensor_file(dir / name),
                      ContainsSubstring(std::string(name) + ": ") && ContainsSubstring(other.problem));
  }
}

TEST_CASE("the end of a name tells where bytes don't", "[kinds]") {
  const TempDir dir;
  for (const auto& [name, problem] : {std::pair{"net.onnx", "is an ONNX model"},
                                      {"flax.msgpack", "is MessagePack"},
                                      {"__0_0.distcp", "is a part of a folder of torch.distributed.checkpoint"}}) {
    write_file(dir / name, "\1\2\3\4");
    CHECK_THROWS_WITH(read_tensor_file(dir / name), ContainsSubstring(problem));
  }
}

TEST_CASE("a tar archive around a checkpoint says what it holds", "[kinds]") {
  const TempDir dir;
  write_file(dir / "model.tar", torch_ext::testing::tar_member("out/model.pt", "x"));
  CHECK_THROWS_WITH(read_tensor_file(dir / "model.tar"), ContainsSubstring("unpack it first (it holds out/model.pt)"));
}

TEST_CASE("a folder in the place of a file says which file in it is meant", "[kinds]") {
  const TempDir dir;
  const auto problem = [&](const std::vector<std::string>& files) {
    const std::string folder = dir / "folder";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder + "/data");
    for (const auto& file : files) write_file(folder + "/" + file, "");
    try {
      read_tensor_file(folder);
    } catch (const FormatError& error) {
      return std::string(error.what()).substr(folder.size() + 2);
    }
    return ""s;
  };
  const std::string expected = "is a folder, a file is expected";
  CHECK(problem({}) == expected);
  CHECK_THAT(problem({".metadata", "__0_0.distcp"}),
             ContainsSubstring("is a folder of torch.distributed.checkpoint") && ContainsSubstring("dcp_to_torch"));
  CHECK_THAT(problem({"config.json", "model.safetensors"}),
             ContainsSubstring(expected + "; take " + (dir / "folder/model.safetensors")));
  CHECK_THAT(problem({"model-00001-of-00002.safetensors", "model.safetensors.index.json"}),
             ContainsSubstring("folder/model.safetensors.index.json"));
  CHECK_THAT(problem({"epoch-1.pt", "epoch-2.pt"}),
             ContainsSubstring("folder/epoch-1.pt, or another of the 2 checkpoints in it"));
  CHECK_THAT(problem({"data.pkl", "version"}), ContainsSubstring("is a file of torch.save, unpacked"));
  CHECK_THAT(problem({"saved_model.pb"}), ContainsSubstring("is a SavedModel of TensorFlow"));
  CHECK_THAT(problem({"zero_to_fp32.py"}), ContainsSubstring("is a folder of DeepSpeed"));
}

TEST_CASE("pipes and devices are named, and don't hang", "[kinds]") {
  const TempDir dir;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  std::vector<std::byte> memory;
  CHECK_THROWS_WITH(read_tensor_file(dir / "pipe"), ContainsSubstring("is a pipe, a file is expected"));
  CHECK_THROWS_WITH(read_file(dir / "pipe", memory), ContainsSubstring("is a pipe, a file is expected"));
  CHECK_THROWS_WITH(read_tensor_file("/dev/null"), "/dev/null: is a device, a file is expected");
}

}  // namespace torch_ext::formats
