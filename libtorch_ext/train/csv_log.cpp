#include "libtorch_ext/train/csv_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
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

[[noreturn]] void throw_log_error(const std::string& path) {
  throw Error(path + ": can't be written: " + std::strerror(errno));
}

std::string shortest(double number) {
  if (std::isnan(number)) return "nan";  // without its sign
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), number).ptr};
}

}  // namespace

CsvLog::CsvLog(std::string path, const std::vector<std::string>& columns, int64_t keep_through)
    : path_(std::move(path)) {
  std::string header;
  for (const auto& column : columns) header += (header.empty() ? "" : ",") + column;
  formats::AtomicFile start(path_);
  start.write(header + "\n" + kept_rows(path_, header, keep_through));
  start.commit();
  fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) throw_log_error(path_);
  size_ = ::lseek(fd_, 0, SEEK_END);
}

CsvLog::~CsvLog() {
  if (fd_ >= 0) ::close(fd_);
}

void CsvLog::append(int64_t count, const std::vector<double>& numbers) {
  std::string row = std::to_string(count);
  for (const double number : numbers) row += "," + shortest(number);
  row += '\n';
  for (size_t done = 0; done < row.size();) {
    const ssize_t count = ::write(fd_, row.data() + done, row.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      [[maybe_unused]] const int ignored = ::ftruncate(fd_, size_);
      errno = error;
      throw_log_error(path_);
    }
    done += static_cast<size_t>(count);
  }
  size_ += static_cast<int64_t>(row.size());
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
