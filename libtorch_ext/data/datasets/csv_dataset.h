#pragma once

#include <c10/core/ScalarType.h>

#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/data/datasets/tensor_dataset.h"

namespace torch_ext {

struct CsvOptions {
  std::vector<std::string> features;           ///< columns by their headings, in this order; none: all but the targets
  std::vector<std::string> target;             ///< columns to be predicted; none: samples have but features
  c10::ScalarType target_dtype = c10::kFloat;  ///< or `c10::kLong` for classes
  char delimiter = ',';
};

/// The rows of a CSV file with a header, plain or gzip, as samples: the fields "features", float32 [batch, columns],
/// and "target", [batch], or [batch, columns] where it is several columns.
///
/// Lines and quotes as in `formats/csv.h`; numbers as Python's `float` and `int` have them, so that 1e-400 is 0. Throws
/// `DataError` for a text or nothing in a number's place, which names file, line and column, for a row that is longer
/// or shorter than the header, but for a delimiter at its end, for a file without rows or header, and for UTF-16 and
/// other encodings where they matter; a `c10::ValueError` for a column that isn't there.
///
///     tx::csv_dataset("iris.csv", {.target = {"species"}, .target_dtype = torch::kLong})
std::shared_ptr<TensorDataset> csv_dataset(const std::string& path, const CsvOptions& options = {});

}  // namespace torch_ext
