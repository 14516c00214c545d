#include "libtorch_ext/train/csv_log.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"

namespace torch_ext {
namespace {

std::string kept_rows(const std::string& path, const std::string& header, int64_t keep_through) {
  std::string rows;
  std::ifstream old(path);
  std::string line;
  if (!std::getline(old, line) || line != header) return rows;
  while (std::getline(old, line) && !old.eof()) {  // a last line without its end was cut off by a kill
    int64_t count = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), count);
    if (parsed.ec == std::errc() && count <= keep_through) rows += line + "\n";
  }
  return rows;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream text(line);
  for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
  return cells;
}

std::string shortest(double number) {
  if (std::isnan(number)) return "nan";  // without its sign
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), number).ptr};
}

// Writes the header and the rows that are kept; returns `path`.
std::string started(std::string path, const std::vector<std::string>& columns, int64_t keep_through) {
  std::string header;
  for (const auto& column : columns) header += (header.empty() ? "" : ",") + column;
  formats::AtomicFile start(path);
  start.write(header + "\n" + kept_rows(path, header, keep_through));
  start.commit();
  return path;
}

}  // namespace

CsvLog::CsvLog(std::string path, const std::vector<std::string>& columns, int64_t keep_through)
    : file_(formats::AppendFile::open(started(std::move(path), columns, keep_through))) {}

void CsvLog::append(int64_t count, const std::vector<double>& numbers) {
  std::string row = std::to_string(count);
  for (const double number : numbers) row += "," + shortest(number);
  file_.append(row + "\n");
}

std::map<std::string, std::vector<double>> read_csv_log(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw Error(path + ": found nothing to read, expected a table of numbers");
  const auto names = cells_of(line);
  std::map<std::string, std::vector<double>> columns;
  while (std::getline(file, line)) {
    const auto cells = cells_of(line);
    for (size_t i = 0; i < names.size(); ++i) {
      double number = 0;
      const char* end = i < cells.size() ? cells[i].data() + cells[i].size() : nullptr;
      if (!end || std::from_chars(cells[i].data(), end, number).ptr != end) {
        throw Error(path + ": found the row \"" + line + "\", expected a number for each of " + std::to_string(names.size()) +
                    " columns");
      }
      columns[names[i]].push_back(number);
    }
  }
  return columns;
}

}  // namespace torch_ext
