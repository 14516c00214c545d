#include "libtorch_ext/formats/csv.h"

#include <algorithm>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {

CsvReader::CsvReader(std::string_view text, std::string file, char delimiter)
    : text_(text), file_(std::move(file)), delimiter_(delimiter) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

bool CsvReader::next(std::vector<std::string_view>& fields) {
  fields.clear();
  unquoted_.clear();
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n';
  record_line_ = line_;
  if (at_ == text_.size()) return false;
  for (;;) {
    fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_field() : plain_field());
    if (at_ == text_.size()) return true;
    const char end = text_[at_++];
    if (end == delimiter_) continue;
    if (end == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    return true;
  }
}

std::string_view CsvReader::plain_field() {
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' &&
         !(text_[at_] == '\r' && text_.substr(at_ + 1, 1) == "\n")) {
    ++at_;
  }
  return text_.substr(begin, at_ - begin);
}

std::string_view CsvReader::quoted_field() {
  const int64_t opened = line_;
  const size_t begin = ++at_;
  bool has_quotes = false;
  for (;;) {
    const size_t quote = text_.find('"', at_);
    if (quote == text_.npos) {
      throw FormatError(file_, "line " + std::to_string(opened) + ": a quote opens that is never closed");
    }
    line_ += std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                        text_.begin() + static_cast<std::ptrdiff_t>(quote), '\n');
    at_ = quote + 1;
    if (text_.substr(at_, 1) != "\"") break;
    has_quotes = true;
    ++at_;
  }
  const std::string_view inside = text_.substr(begin, at_ - 1 - begin);
  const std::string_view rest = text_.substr(at_, 2);
  if (!rest.empty() && rest[0] != delimiter_ && rest[0] != '\n' && rest != "\r\n") {
    throw FormatError(file_, "line " + std::to_string(line_) + ": found text behind a closing quote, expected '" +
                                 delimiter_ + "' or the line's end");
  }
  if (!has_quotes) return inside;
  std::string text;
  for (size_t i = 0; i < inside.size(); ++i) {
    text += inside[i];
    if (inside[i] == '"') ++i;
  }
  return unquoted_.emplace_back(std::move(text));
}

}  // namespace torch_ext::formats
