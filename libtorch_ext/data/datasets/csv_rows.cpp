#include "libtorch_ext/data/datasets/csv_rows.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/python_float.h"
#include "libtorch_ext/formats/stand_in.h"
#include "libtorch_ext/formats/text_encoding.h"

namespace torch_ext {
namespace {

// What is wrong with a text that isn't UTF-8; empty for others.
std::string encoding_problem(std::string_view text) {
  const std::string encoding(formats::foreign_encoding(text));
  if (encoding.empty()) return "";
  return "is in " + encoding + ", expected UTF-8; convert it, from Latin-1: iconv -f LATIN1 -t UTF-8";
}

// What a file is that holds a table in another way, or none.
std::string no_text(std::string_view file) {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"PK\3\4", "is a zip archive, as spreadsheets are (.xlsx); save the table as CSV"},
      {"\xd0\xcf\x11\xe0", "is a spreadsheet (.xls); save the table as CSV"},
      {"PAR1", "is a Parquet file; save the table as CSV"},
      {"\x89HDF", "is an HDF5 file; save the table as CSV"},
      {"BZh", "is packed by bzip2; unpack it, or pack it by gzip"},
      {"\xfd"
       "7zXZ",
       "is packed by xz; unpack it, or pack it by gzip"},
      {"\x28\xb5\x2f\xfd", "is packed by zstd; unpack it, or pack it by gzip"},
  };
  for (const auto& [start, problem] : kKinds) {
    if (file.starts_with(start)) return std::string(problem);
  }
  return formats::stand_in(file);
}

// Why a header may not be what the user thinks: a line of comment, or another delimiter.
std::string doubt(const std::vector<std::string>& header) {
  if (header[0].starts_with('#')) return "; the header begins with '#': if that is a comment, remove it";
  if (header.size() != 1) return "";
  for (const char candidate : {';', '\t', '|', ','}) {
    if (header[0].find(candidate) == std::string::npos) continue;
    return std::string("; is '") + (candidate == '\t' ? "\\t" : std::string(1, candidate)) + "' the delimiter?";
  }
  return "";
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

CsvRows::CsvRows(std::string_view text, const std::string& path, char delimiter)
    : path_(path), reader_(as_data_error([&] { return formats::CsvReader(text, path, delimiter); })) {
  if (const auto instead = no_text(text); !instead.empty()) throw DataError(path, instead);
  if (!read()) throw DataError(path, "found an empty file, expected a header and rows");
  for (const std::string_view name : fields_) {
    if (const auto problem = encoding_problem(name); !problem.empty()) fail(problem);
  }
  header_.assign(fields_.begin(), fields_.end());
  if (header_.size() > 1 && header_.back().empty()) header_.pop_back();
}

bool CsvRows::read() {
  return as_data_error([&] { return reader_.next(fields_); });
}

bool CsvRows::header_looks_like_a_row() const {
  bool counts = true;
  for (size_t i = 0; i < header_.size(); ++i) {
    if (!formats::parse_python_float(header_[i])) return false;
    counts &= header_[i] == std::to_string(i);
  }
  return !counts;
}

std::vector<size_t> CsvRows::find(const std::vector<std::string>& names) const {
  std::vector<size_t> columns;
  for (const std::string& name : names) {
    const auto count = std::ranges::count(header_, name);
    TORCH_CHECK_VALUE(count > 0, path_, ": found no column \"", name, "\", expected one of ", quoted_list(header_),
                      did_you_mean(name, header_), doubt(header_));
    TORCH_CHECK_VALUE(count == 1, path_, ": found ", count, " columns \"", name, "\", expected one");
    columns.push_back(static_cast<size_t>(std::ranges::find(header_, name) - header_.begin()));
  }
  return columns;
}

bool CsvRows::next() {
  if (!read()) return false;
  if (fields_.size() == header_.size() + 1 && fields_.back().empty()) fields_.pop_back();
  if (fields_.size() == header_.size()) return true;
  fail("found " + std::to_string(fields_.size()) + " fields, expected " + std::to_string(header_.size()) +
       " as in the header" + doubt(header_));
}

float CsvRows::number(size_t column) const {
  const auto value = formats::parse_python_float(fields_[column]);
  if (!value) fail(column, "a number");
  return static_cast<float>(*value);
}

int64_t CsvRows::whole_number(size_t column) const {
  std::string_view digits = without_spaces(fields_[column]);
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  if (!digits.empty() && end == digits.data() + digits.size()) {
    if (error != std::errc()) fail(column, "a whole number of 64 bits");
    return whole;
  }
  constexpr double kExact = int64_t{1} << std::numeric_limits<double>::digits;
  const auto value = formats::parse_python_float(digits);
  if (!value || std::abs(*value) > kExact || *value != std::floor(*value)) fail(column, "a whole number");
  return static_cast<int64_t>(*value);
}

void CsvRows::fail(const std::string& problem) const {
  throw DataError(path_, "line " + std::to_string(reader_.line()) + ": " + problem);
}

void CsvRows::fail(size_t column, const std::string& expected) const {
  const std::string_view text = fields_[column];
  if (const auto problem = encoding_problem(text); !problem.empty()) fail(problem);
  const std::string found = text.empty() ? "nothing" : "\"" + std::string(text.substr(0, 60)) + "\"";
  throw DataError(path_, "line " + std::to_string(reader_.line()) + ", column \"" + header_[column] + "\": found " +
                             found + ", expected " + expected);
}

}  // namespace torch_ext
