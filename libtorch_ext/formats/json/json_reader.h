#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// Takes JSON apart from front to back without building a tree, for headers that may be large, hostile or both.
///
/// As strict as RFC 8259 and as serde_json, which safetensors reads with: UTF-8, no comments, no lone surrogates. Keys
/// that come twice are the caller's affair. Everything throws `std::invalid_argument` that says the byte, what was
/// found and what was expected.
///
///     JsonReader json(R"({"shape": [2, 3]})");
///     json.object([&](const std::string& key) {              // "shape"
///       json.array([&] { shape.push_back(json.natural()); });  // 2, 3
///     });
///     json.end();
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// Takes an object: `member(std::string key)` must take each value.
  template <class Member>
  void object(const Member& member) {
    expect('{', "an object");
    if (take('}')) return;
    do {
      std::string key = string();
      expect(':', "':'");
      member(std::move(key));
    } while (take(','));
    expect('}', "',' or '}'");
  }

  /// Takes an array: `item()` must take each value.
  template <class Item>
  void array(const Item& item) {
    expect('[', "an array");
    if (take(']')) return;
    do {
      item();
    } while (take(','));
    expect(']', "',' or ']'");
  }

  std::string string();

  /// An integer from 0 to 2^63 - 1.
  int64_t natural();

  /// Whether a string, or null, comes next. Takes nothing, or the null.
  bool is_string();
  bool take_null();

  /// Takes any value, nested in at most 128 levels.
  void skip();

  /// Throws unless nothing but white space is left.
  void end();

 private:
  [[noreturn]] void fail(const std::string& expected);
  void skip_space();
  bool take(char c);
  void expect(char c, const char* what);
  void skip_number();
  void append_escape(std::string& out);
  uint32_t hex4();

  std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace torch_ext::formats
