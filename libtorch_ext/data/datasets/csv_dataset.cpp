#include "libtorch_ext/data/datasets/csv_dataset.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/archive/gzip.h"
#include "libtorch_ext/formats/csv.h"

namespace torch_ext {
namespace {

struct Table {
  std::vector<float> features;  // row by row
  std::vector<float> float_targets;
  std::vector<int64_t> long_targets;
  int64_t rows = 0;
};

template <class Number>
Number parse(std::string_view text, const std::string& path, int64_t line, const std::string& column) {
  std::string_view digits = text;
  while (digits.starts_with(' ') || digits.starts_with('\t')) digits.remove_prefix(1);
  while (digits.ends_with(' ') || digits.ends_with('\t')) digits.remove_suffix(1);
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc() && !digits.empty() && end == digits.data() + digits.size()) return number;
  const char* expected = std::is_integral_v<Number> ? "a whole number" : "a number";
  throw DataError(path, "line " + std::to_string(line) + ", column \"" + column + "\": found " +
                            (text.empty() ? "nothing" : "\"" + std::string(text.substr(0, 60)) + "\"") + ", expected " +
                            expected);
}

std::vector<size_t> find_columns(const std::vector<std::string>& names, const std::vector<std::string>& header,
                                 const std::string& path) {
  std::vector<size_t> columns;
  for (const std::string& name : names) {
    const auto count = std::ranges::count(header, name);
    TORCH_CHECK_VALUE(count > 0, path, ": found no column \"", name, "\", expected one of ", quoted_list(header),
                      did_you_mean(name, header));
    TORCH_CHECK_VALUE(count == 1, path, ": found ", count, " columns \"", name, "\", expected one");
    columns.push_back(static_cast<size_t>(std::ranges::find(header, name) - header.begin()));
  }
  return columns;
}

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
  formats::CsvReader csv({reinterpret_cast<const char*>(file.data()), file.size()}, path, options.delimiter);
  std::vector<std::string_view> fields;
  const auto next = [&] { return as_data_error([&] { return csv.next(fields); }); };
  if (!next()) throw DataError(path, "found an empty file, expected a header and rows");
  const std::vector<std::string> header(fields.begin(), fields.end());
  const auto targets = find_columns(options.target, header, path);
  auto features = find_columns(options.features, header, path);
  for (size_t column = 0; options.features.empty() && column < header.size(); ++column) {
    if (std::ranges::find(targets, column) == targets.end()) features.push_back(column);
  }

  Table table;
  for (; next(); ++table.rows) {
    if (fields.size() != header.size()) {
      throw DataError(path, "line " + std::to_string(csv.line()) + ": found " + std::to_string(fields.size()) +
                                " fields, expected " + std::to_string(header.size()) + " as in the header");
    }
    const auto number = [&](size_t column) {
      return static_cast<float>(parse<double>(fields[column], path, csv.line(), header[column]));
    };
    for (const size_t column : features) table.features.push_back(number(column));
    for (const size_t column : targets) {
      if (options.target_dtype == c10::kFloat) {
        table.float_targets.push_back(number(column));
      } else {
        table.long_targets.push_back(parse<int64_t>(fields[column], path, csv.line(), header[column]));
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
