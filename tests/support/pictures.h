#pragma once

#include <ATen/Functions.h>

#include <filesystem>
#include <string>
#include <vector>

#include "libtorch_ext/data/write_png.h"
#include "tests/support/files.h"

namespace torch_ext::testing {

/// A PNG of one colour, with the folders that it lies in.
inline void write_picture(const std::string& path, int64_t width, int64_t height, int64_t channels = 3,
                          int64_t level = 100) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_png(at::full({channels, height, width}, level, at::kByte), path);
}

/// `count` pictures in each of the class folders below `folder`: 0.png, 1.png, …; those of class c have the level 50 c.
inline void write_classes(const std::string& folder, const std::vector<std::string>& classes, int64_t count = 2,
                          int64_t side = 28, int64_t channels = 3) {
  for (size_t c = 0; c < classes.size(); ++c) {
    for (int64_t i = 0; i < count; ++i) {
      write_picture(folder + "/" + classes[c] + "/" + std::to_string(i) + ".png", side, side, channels,
                    static_cast<int64_t>(c) * 50);
    }
  }
}

/// An IDX file of bytes that count up from 0, each below `levels`.
inline void write_idx(const std::string& path, const std::vector<int64_t>& shape, int64_t levels) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  int64_t count = 1;
  for (const int64_t side : shape) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((side >> shift) & 0xff);
    count *= side;
  }
  for (int64_t i = 0; i < count; ++i) bytes += static_cast<char>(i % levels);
  write_file(path, bytes);
}

/// The four files of MNIST, with labels 0 to `classes` - 1.
inline void write_mnist(const std::string& folder, int64_t train, int64_t test, int64_t classes = 10,
                        int64_t test_side = 28) {
  write_idx(folder + "/train-images-idx3-ubyte", {train, 28, 28}, 251);
  write_idx(folder + "/train-labels-idx1-ubyte", {train}, classes);
  write_idx(folder + "/t10k-images-idx3-ubyte", {test, test_side, test_side}, 251);
  write_idx(folder + "/t10k-labels-idx1-ubyte", {test}, classes);
}

}  // namespace torch_ext::testing
