#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libtorch_ext/formats/csv.h"

namespace torch_ext {

/// The rows below a CSV text's header, with numbers in named columns. Errors name file, line and column.
///
///     CsvRows rows(text, "iris.csv", ',');
///     const auto columns = rows.find({"width", "length"});
///     while (rows.next()) use(rows.number(columns[0]));
class CsvRows {
 public:
  /// Reads the header; `text` and `path` must stay. Throws `DataError` where there is none, or one that isn't UTF-8.
  CsvRows(std::string_view text, const std::string& path, char delimiter);

  /// The columns' names. Empty ones behind a delimiter that ends every line are none.
  const std::vector<std::string>& header() const { return header_; }
  /// Whether the names are numbers other than 0, 1, 2, …, as where the header is missing.
  bool header_looks_like_a_row() const;
  /// Where the columns of these names are. Throws a `c10::ValueError` for one that isn't there, or twice.
  std::vector<size_t> find(const std::vector<std::string>& names) const;

  /// Goes on to the next row; false at the end. Throws `DataError` for one that is longer or shorter than the header.
  bool next();
  /// Numbers of the row. Throws `DataError` for text or nothing in their place.
  float number(size_t column) const;
  /// "3.0" is a whole number, too: classes are written so by programs that took them for floats.
  int64_t whole_number(size_t column) const;

 private:
  bool read();
  [[noreturn]] void fail(const std::string& problem) const;
  [[noreturn]] void fail(size_t column, const std::string& expected) const;

  const std::string& path_;
  formats::CsvReader reader_;
  std::vector<std::string> header_;
  std::vector<std::string_view> fields_;
};

}  // namespace torch_ext
