#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace torch_ext::formats {

/// Reads the records of a CSV text one by one.
///
/// Format: RFC 4180, with any one character as delimiter: fields in quotes may hold delimiters, line ends and, doubled,
/// quotes. Lines end in LF, CRLF or CR, mixed if need be; lines that are empty or blank are passed over, as by pandas,
/// and so is a byte order mark of UTF-8.
///
///     CsvReader csv(text, "iris.csv");
///     for (std::vector<std::string_view> fields; csv.next(fields);) …
class CsvReader {
 public:
  /// `text` must stay; `file` is named in errors. Throws `FormatError` for UTF-16 and UTF-32.
  CsvReader(std::string_view text, std::string file, char delimiter = ',');

  /// Puts the next record's fields, without their quotes, into `fields`; they are good until the next call. False at
  /// the end. Throws `FormatError` for a quote that isn't closed, or text beside a closed one.
  bool next(std::vector<std::string_view>& fields);

  /// The line on which the last record begins, from 1.
  int64_t line() const { return record_line_; }

 private:
  void skip_blank_lines();
  void end_line();
  std::string_view quoted_field();
  std::string_view plain_field();

  std::string_view text_;
  std::string file_;
  char delimiter_;
  size_t at_ = 0;
  int64_t line_ = 1;
  int64_t record_line_ = 0;
  std::deque<std::string> unquoted_;  // fields with doubled quotes; a deque leaves them where they are
};

}  // namespace torch_ext::formats
