#include "libtorch_ext/data/datasets/csv_dataset.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <string_view>

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/data/datasets/csv_rows.h"
#include "libtorch_ext/formats/archive/gzip.h"

namespace torch_ext {
namespace {

struct Table {
  std::vector<float> features;  // row by row
  std::vector<float> float_targets;
  std::vector<int64_t> long_targets;
  int64_t rows = 0;
};

template <class Number>
at::Tensor to_tensor(std::vector<Number> numbers, std::vector<int64_t> shape, c10::ScalarType dtype) {
  auto owner = std::make_shared<std::vector<Number>>(std::move(numbers));
  return at::from_blob(
      owner->data(), shape, [owner](void*) {}, dtype);
}

}  // namespace

std::shared_ptr<TensorDataset> csv_dataset(const std::string& path, const CsvOptions& options) {
  TORCH_CHECK_VALUE(options.target_dtype == c10::kFloat || options.target_dtype == c10::kLong,
                    "csv_dataset: found target_dtype = ", options.target_dtype, ", expected Float or Long");
  const auto file = as_data_error([&] { return formats::read_maybe_gzip(path); });
  CsvRows csv({reinterpret_cast<const char*>(file.data()), file.size()}, path, options.delimiter);
  const auto targets = csv.find(options.target);
  auto features = csv.find(options.features);
  if (features.empty() && targets.empty() && csv.header_looks_like_a_row()) {
    throw DataError(path, "line 1: found numbers, expected the columns' names; write a line of names before it");
  }
  for (size_t column = 0; options.features.empty() && column < csv.header().size(); ++column) {
    if (std::ranges::find(targets, column) == targets.end()) features.push_back(column);
  }

  Table table;
  for (; csv.next(); ++table.rows) {
    for (const size_t column : features) table.features.push_back(csv.number(column));
    for (const size_t column : targets) {
      if (options.target_dtype == c10::kFloat) {
        table.float_targets.push_back(csv.number(column));
      } else {
        table.long_targets.push_back(csv.whole_number(column));
      }
    }
  }
  if (table.rows == 0) throw DataError(path, "found a header without rows");

  std::vector<at::Tensor> tensors;
  std::vector<std::string> names{"features", "target"};
  tensors.push_back(
      to_tensor(std::move(table.features), {table.rows, static_cast<int64_t>(features.size())}, at::kFloat));
  if (targets.empty()) {
    names.pop_back();
  } else {
    std::vector<int64_t> shape{table.rows};
    if (targets.size() > 1) shape.push_back(static_cast<int64_t>(targets.size()));
    tensors.push_back(options.target_dtype == c10::kFloat ? to_tensor(std::move(table.float_targets), shape, at::kFloat)
                                                          : to_tensor(std::move(table.long_targets), shape, at::kLong));
  }
  return std::make_shared<TensorDataset>(std::move(tensors), std::move(names));
}

}  // namespace torch_ext
