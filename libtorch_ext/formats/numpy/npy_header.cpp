#include "libtorch_ext/formats/numpy/npy_header.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

// numpy itself goes no further.
constexpr size_t kMostDimensions = 64;

using Spelling = std::pair<std::string_view, DType>;

// What may follow a byte order: kind and size, or NumPy's letter for the C type (64 bits a `long`).
constexpr Spelling kCodes[] = {
    {"b1", DType::Bool},         {"i1", DType::Char},
    {"i2", DType::Short},        {"i4", DType::Int},
    {"i8", DType::Long},         {"u1", DType::Byte},
    {"u2", DType::UInt16},       {"u4", DType::UInt32},
    {"u8", DType::UInt64},       {"f2", DType::Half},
    {"f4", DType::Float},        {"f8", DType::Double},
    {"c8", DType::ComplexFloat}, {"c16", DType::ComplexDouble},
    {"?", DType::Bool},          {"b", DType::Char},
    {"h", DType::Short},         {"i", DType::Int},
    {"l", DType::Long},          {"q", DType::Long},
    {"p", DType::Long},          {"n", DType::Long},
    {"B", DType::Byte},          {"H", DType::UInt16},
    {"I", DType::UInt32},        {"L", DType::UInt64},
    {"Q", DType::UInt64},        {"P", DType::UInt64},
    {"N", DType::UInt64},        {"e", DType::Half},
    {"f", DType::Float},         {"d", DType::Double},
    {"F", DType::ComplexFloat},  {"D", DType::ComplexDouble},
};

// These stand alone.
constexpr Spelling kNames[] = {
    {"bool", DType::Bool},
    {"bool_", DType::Bool},
    {"int8", DType::Char},
    {"byte", DType::Char},
    {"int16", DType::Short},
    {"short", DType::Short},
    {"int32", DType::Int},
    {"intc", DType::Int},
    {"int64", DType::Long},
    {"int", DType::Long},
    {"int_", DType::Long},
    {"long", DType::Long},
    {"longlong", DType::Long},
    {"intp", DType::Long},
    {"uint8", DType::Byte},
    {"ubyte", DType::Byte},
    {"uint16", DType::UInt16},
    {"ushort", DType::UInt16},
    {"uint32", DType::UInt32},
    {"uintc", DType::UInt32},
    {"uint64", DType::UInt64},
    {"uint", DType::UInt64},
    {"ulong", DType::UInt64},
    {"ulonglong", DType::UInt64},
    {"uintp", DType::UInt64},
    {"float16", DType::Half},
    {"half", DType::Half},
    {"float32", DType::Float},
    {"single", DType::Float},
    {"float64", DType::Double},
    {"float", DType::Double},
    {"double", DType::Double},
    {"complex64", DType::ComplexFloat},
    {"csingle", DType::ComplexFloat},
    {"complex128", DType::ComplexDouble},
    {"complex", DType::ComplexDouble},
    {"cdouble", DType::ComplexDouble},
};

std::optional<DType> find(std::span<const Spelling> spellings, std::string_view word) {
  for (const auto& [name, dtype] : spellings) {
    if (name == word) return dtype;
  }
  return std::nullopt;
}

bool is_byte_order(char c) { return c == '<' || c == '>' || c == '|' || c == '='; }

// What a dtype without numbers is, in words; empty: of a kind of which PyTorch has others.
std::string_view described(std::string_view word) {
  if (word == "object") return "Python objects";
  if (word.starts_with("str")) return "text";
  if (word.starts_with("bytes")) return "bytes";
  if (!word.empty() && is_byte_order(word[0])) word.remove_prefix(1);
  switch (word.empty() ? ' ' : word[0]) {
    case 'O':
      return "Python objects";
    case 'U':
    case 'T':
      return "text";
    case 'S':
    case 'a':
      return "bytes";
    case 'M':
      return "dates";
    case 'm':
      return "spans of time";
    case 'V':
      return word == "V2" ? "raw bytes, as NumPy saves bfloat16" : "raw bytes";
    default:
      return word.find(',') == word.npos ? "" : "a structured dtype";
  }
}

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
    while (at_ < text_.size() && std::string_view(" \n\r\t\f").find(text_[at_]) != std::string_view::npos) ++at_;
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
    if (at_ < text_.size() && text_[at_] == 'u') ++at_;  // Python 2
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
    if (at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '(')) {
      const size_t end = text_.find(text_[at_] == '[' ? ']' : ')', at_);
      fail("found the structured dtype " + std::string(text_.substr(at_, std::min<size_t>(end - at_ + 1, 100))) +
           ", expected plain numbers; save its fields as arrays of their own");
    }
    const std::string_view word = string();
    const bool has_order = !word.empty() && is_byte_order(word[0]);
    const auto code = find(kCodes, word.substr(has_order ? 1 : 0));
    const auto dtype = code || has_order ? code : find(kNames, word);
    if (dtype) {
      header_.dtype = *dtype;
      header_.big_endian = word[0] == '>';
      return;
    }
    const std::string_view kind = described(word);
    const std::string found = "found the dtype '" + std::string(word.substr(0, 40)) + "'" +
                              (kind.empty() ? "" : " (" + std::string(kind) + ")") + ", ";
    if (kind == "Python objects") {
      fail(found + "which is pickled and may run any code when it is read; save numbers");
    }
    fail(found + "expected numbers that PyTorch has: bool, int8 to int64, uint8 to uint64, float16 to float64, " +
         "complex64 or complex128");
  }

  void shape() {
    expect('(');
    bool is_tuple = true;
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
        is_tuple = header_.shape.size() > 1;
        break;
      }
    }
    if (!is_tuple) fail("found the shape (" + std::to_string(header_.shape[0]) + "), expected a tuple, such as (3,)");
  }

  std::string_view text_;
  const std::string& file_;
  size_t at_ = 0;
  NpyHeader header_;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& file) { return Parser(text, file).parse(); }

}  // namespace torch_ext::formats
