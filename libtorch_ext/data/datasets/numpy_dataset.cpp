#include "libtorch_ext/data/datasets/numpy_dataset.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/numpy/npy.h"
#include "libtorch_ext/formats/numpy/npz.h"

namespace torch_ext {
namespace {

// The array's own bytes where they are row-major and begin where numbers of their kind may.
at::Tensor to_tensor(const formats::Tensor& array) {
  const auto elements = static_cast<size_t>(array.numel());
  const size_t element = formats::element_size(array.dtype);
  if (array.is_contiguous()) {
    const std::byte* data = array.storage->bytes().data() + static_cast<size_t>(array.storage_offset) * element;
    if (reinterpret_cast<uintptr_t>(data) % element == 0) {
      return at::from_blob(
          const_cast<std::byte*>(data), array.shape, [storage = array.storage](void*) {}, array.dtype);
    }
  }
  std::vector<std::byte> scratch;
  const auto bytes = formats::row_major_bytes(array, scratch);
  at::Tensor tensor = at::empty(array.shape, array.dtype);
  if (elements > 0) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

std::shared_ptr<TensorDataset> from_arrays(const std::vector<std::pair<std::string, formats::Tensor>>& arrays,
                                           const std::vector<std::string>& files) {
  std::vector<at::Tensor> tensors;
  std::vector<std::string> names;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto& [name, array] = arrays[i];
    if (array.shape.empty()) throw DataError(files[i], "\"" + name + "\" is a single number, expected an array");
    if (array.shape[0] != arrays[0].second.shape[0]) {
      throw DataError(files[i], "\"" + name + "\" has " + std::to_string(array.shape[0]) + " samples, expected " +
                                    std::to_string(arrays[0].second.shape[0]) + " as \"" + arrays[0].first + "\"");
    }
    tensors.push_back(as_data_error([&, &array = array] { return to_tensor(array); }));
    names.push_back(name);
  }
  return std::make_shared<TensorDataset>(std::move(tensors), std::move(names));
}

}  // namespace

std::shared_ptr<TensorDataset> npy_dataset(const std::vector<std::string>& paths) {
  TORCH_CHECK_VALUE(!paths.empty(), "npy_dataset: found no files");
  std::vector<std::pair<std::string, formats::Tensor>> arrays;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    const std::string stem = std::filesystem::path(path).stem().string();
    size_t number = 0;
    for (auto& array : as_data_error([&] { return formats::read_npy_arrays(path); })) {
      arrays.emplace_back(number == 0 ? stem : stem + "." + std::to_string(number), std::move(array));
      files.push_back(path);
      ++number;
    }
  }
  return from_arrays(arrays, files);
}

std::shared_ptr<TensorDataset> npz_dataset(const std::string& path, const std::vector<std::string>& names) {
  return as_data_error([&] {
    const formats::NpzFile file(path);
    const auto there = file.names();
    if (there.empty()) throw DataError(path, "found no arrays, expected records NAME.npy");
    std::vector<std::pair<std::string, formats::Tensor>> arrays;
    for (const std::string& name : names) {
      TORCH_CHECK_VALUE(file.has(name), path, ": found no array \"", name, "\", expected one of ", quoted_list(there),
                        did_you_mean(name, there));
      arrays.emplace_back(name, file.read(name));
    }
    if (names.empty()) arrays = file.read_all();
    return from_arrays(arrays, std::vector<std::string>(arrays.size(), path));
  });
}

}  // namespace torch_ext
