#include "libtorch_ext/formats/numpy/npy_header.h"

#include <charconv>
#include <optional>
#include <utility>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

// numpy itself goes no further.
constexpr size_t kMostDimensions = 64;

constexpr std::pair<std::string_view, DType> kDTypes[] = {
    {"b1", DType::Bool},         {"i1", DType::Char},           {"i2", DType::Short},  {"i4", DType::Int},
    {"i8", DType::Long},         {"u1", DType::Byte},           {"u2", DType::UInt16}, {"u4", DType::UInt32},
    {"u8", DType::UInt64},       {"f2", DType::Half},           {"f4", DType::Float},  {"f8", DType::Double},
    {"c8", DType::ComplexFloat}, {"c16", DType::ComplexDouble},
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  NpyHeader parse() {
    expect('{');
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    while (!take('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !std::exchange(has_descr, true)) {
        descr();
      } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
        header_.fortran_order = boolean();
      } else if (key == "shape" && !std::exchange(has_shape, true)) {
        shape();
      } else {
        fail("found the key '" + std::string(key.substr(0, 40)) + "', expected 'descr', 'fortran_order', 'shape'");
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail("found text behind the dictionary");
    if (!has_descr || !has_order || !has_shape) fail("expected the keys 'descr', 'fortran_order' and 'shape'");
    return std::move(header_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw FormatError(file_, ".npy header: " + problem); }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(char expected) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  void expect(char expected) {
    if (!take(expected)) fail("expected '" + std::string(1, expected) + "' at byte " + std::to_string(at_));
  }

  std::string_view string() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : text_.npos;
    if (end == text_.npos) fail("expected a string at byte " + std::to_string(at_));
    const auto content = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return content;
  }

  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += std::string_view(word).size();
      return value;
    }
    fail("expected True or False at byte " + std::to_string(at_));
  }

  void descr() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') fail("found a structured dtype, expected plain numbers");
    const std::string_view word = string();
    const std::string found = "found the dtype '" + std::string(word.substr(0, 40)) + "', ";
    if (word.ends_with("O")) {
      fail(found + "pickled Python objects, which may run any code when they are read; save numbers");
    }
    const char order = word.empty() ? ' ' : word[0];
    if (order == '<' || order == '>' || order == '|' || order == '=') {
      for (const auto& [name, dtype] : kDTypes) {
        if (word.substr(1) != name) continue;
        header_.dtype = dtype;
        header_.big_endian = order == '>';
        return;
      }
    }
    fail(found + "expected numbers that PyTorch has: bool, int8 to int64, uint8 to uint64, float16 to float64, " +
         "complex64 or complex128");
  }

  void shape() {
    expect('(');
    while (!take(')')) {
      skip_space();
      int64_t size = -1;
      const char* const begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) fail("expected a size at byte " + std::to_string(at_));
      at_ += static_cast<size_t>(end - begin);
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2
      if (header_.shape.size() == kMostDimensions) fail("found more than 64 dimensions");
      header_.shape.push_back(size);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  const std::string& file_;
  size_t at_ = 0;
  NpyHeader header_;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& file) { return Parser(text, file).parse(); }

}  // namespace torch_ext::formats
