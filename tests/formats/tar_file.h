#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "libtorch_ext/formats/little_endian.h"

namespace torch_ext::testing {

/// The parts of a small tar file of torch.save, each to be replaced by a bad one.
struct TarParts {
  std::vector<std::string> names = {"storages", "tensors", "pickle"};
  std::string storage_count = "K\1.";
  std::string storage_class = "ctorch\nFloatStorage\n";
  std::string numel{"\4\0\0\0\0\0\0\0", 8};
  std::string view = "(K\2K\1K\2K\2t";  ///< storage 2: two elements of storage 1, from the third on
  std::string dims{"\2\0\0\0\0\0\0\0", 8};
  std::string stride{"\1\0\0\0\0\0\0\0", 8};
  std::string pickle = "}(S'a'\nP3\nS'b'\nP4\nS'empty'\nP5\nS'class'\n(cmy.net\nNet\nNNtQ)Ru.";
};

/// A file as tar holds it: a header, the content, zeros up to the next multiple of 512.
inline std::string tar_member(const std::string& name, const std::string& content) {
  std::string header = name;
  header.resize(512, '\0');
  const auto octal = [&](size_t at, const char* format, unsigned number) {
    char text[16];
    const int size = std::snprintf(text, sizeof text, format, number);
    header.replace(at, static_cast<size_t>(size), text);
  };
  octal(100, "%07o", 0644U);
  octal(124, "%011o", static_cast<unsigned>(content.size()));
  header[156] = '0';
  header.replace(257, 8, std::string("ustar\00000", 8));
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (unsigned char c : header) sum += c;
  octal(148, "%06o", sum);
  header[154] = '\0';
  std::string member = header + content;
  member.resize((member.size() + 511) / 512 * 512, '\0');
  return member;
}

/// Storage 1 holds 0, 1, 2, 3; tensor 3, "a", is its transposed square, tensor 4, "b", the part that storage 2 is,
/// tensor 5, "empty", has no storage.
inline std::string tar_file(const TarParts& parts = {}) {
  using formats::append_little;
  using namespace std::string_literals;
  const auto numbers = [](std::initializer_list<int64_t> values) {
    std::string bytes;
    for (int64_t value : values) append_little(bytes, value);
    return bytes;
  };
  const std::string floats = "\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40"s;
  const std::string storages = parts.storage_count + "(K\1X\3\0\0\0cpu"s + parts.storage_class + "t." + parts.numel +
                               floats + "](" + parts.view + "e.";
  const std::string type = "ctorch\nFloatTensor\nt.";
  const std::string tensors = "K\3.(K\3K\1"s + type + parts.dims + numbers({2, 2}) + parts.stride + numbers({2, 0}) +
                              "(K\4K\2" + type + numbers({1, 2, 1, 0}) + "(K\5N" + type + numbers({0, 0});
  const std::string contents[] = {storages, tensors, parts.pickle};
  std::string file;
  for (size_t i = 0; i < parts.names.size(); ++i) file += tar_member(parts.names[i], contents[i]);
  return file + std::string(1024, '\0');
}

}  // namespace torch_ext::testing
