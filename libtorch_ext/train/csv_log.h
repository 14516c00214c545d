#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libtorch_ext/formats/file/append_file.h"

namespace torch_ext {

/// A CSV file that grows by rows and survives kills: each row is flushed, and a run that resumes drops the rows that
/// its checkpoint doesn't know of. The first column is a count that grows: the epoch, the step.
class CsvLog {
 public:
  /// Starts the file anew, or keeps of an old one the whole rows whose count is at most `keep_through`.
  CsvLog(std::string path, const std::vector<std::string>& columns, int64_t keep_through = 0);

  /// Numbers are written so that they read back the same, in the fewest digits. Throws `Error` where the row can't be
  /// written, on a full disk say; the file then ends with the row before.
  void append(int64_t count, const std::vector<double>& numbers);

 private:
  formats::AppendFile file_;
};

/// The columns of such a file by their names. Throws `Error` for one that can't be read or isn't a table of numbers.
std::map<std::string, std::vector<double>> read_csv_log(const std::string& path);

}  // namespace torch_ext
