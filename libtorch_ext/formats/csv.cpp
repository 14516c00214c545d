#include "libtorch_ext/formats/csv.h"

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/text_encoding.h"

namespace torch_ext::formats {
namespace {

bool ends_line(char c) { return c == '\n' || c == '\r'; }

int64_t count_lines(std::string_view text) {
  int64_t lines = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    lines += text[i] == '\n' || (text[i] == '\r' && text.substr(i + 1, 1) != "\n");
  }
  return lines;
}

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string file, char delimiter)
    : text_(text), file_(std::move(file)), delimiter_(delimiter) {
  if (const auto encoding = wide_encoding(text); !encoding.empty()) {
    const std::string found(encoding);
    throw FormatError(file_, "is in " + found + ", expected UTF-8; convert it: iconv -f " + found + " -t UTF-8");
  }
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

bool CsvReader::next(std::vector<std::string_view>& fields) {
  fields.clear();
  unquoted_.clear();
  skip_blank_lines();
  record_line_ = line_;
  if (at_ == text_.size()) return false;
  for (;;) {
    fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_field() : plain_field());
    if (at_ == text_.size()) return true;
    if (text_[at_] == delimiter_) {
      ++at_;
      continue;
    }
    end_line();
    return true;
  }
}

void CsvReader::skip_blank_lines() {
  for (;;) {
    size_t end = at_;
    while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t') && text_[end] != delimiter_) ++end;
    if (end < text_.size() && !ends_line(text_[end])) return;
    at_ = end;
    if (end == text_.size()) return;
    end_line();
  }
}

void CsvReader::end_line() {
  const bool is_crlf = text_.substr(at_, 2) == "\r\n";
  at_ += is_crlf ? 2 : 1;
  ++line_;
}

std::string_view CsvReader::plain_field() {
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && !ends_line(text_[at_])) ++at_;
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
    line_ += count_lines(text_.substr(at_, quote - at_));
    at_ = quote + 1;
    if (text_.substr(at_, 1) != "\"") break;
    has_quotes = true;
    ++at_;
  }
  const std::string_view inside = text_.substr(begin, at_ - 1 - begin);
  if (at_ < text_.size() && text_[at_] != delimiter_ && !ends_line(text_[at_])) {
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
