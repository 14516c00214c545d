#include "libtorch_ext/formats/repr.h"

#include <cstdint>

#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::formats {
namespace {

/// The digits of an integer in two's complement, least byte first.
std::string decimal(std::string bytes) {
  const bool is_negative = !bytes.empty() && (bytes.back() & 0x80);
  for (unsigned carry = 1; char& byte : bytes) {
    if (!is_negative) break;
    carry += static_cast<uint8_t>(~byte);
    byte = static_cast<char>(carry);
    carry >>= 8;
  }
  std::string digits;
  while (!bytes.empty()) {
    unsigned rest = 0;
    for (size_t i = bytes.size(); i-- > 0;) {
      rest = rest << 8 | static_cast<uint8_t>(bytes[i]);
      bytes[i] = static_cast<char>(rest / 10);
      rest %= 10;
    }
    digits.insert(digits.begin(), static_cast<char>('0' + rest));
    while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
  }
  return (is_negative ? "-" : "") + (digits.empty() ? "0" : digits);
}

class Printer {
 public:
  explicit Printer(size_t max_length) : max_length_(max_length) {}

  std::string run(const Value& value) {
    write(value);
    if (is_full()) cut();
    return std::move(out_);
  }

  // One overload for each alternative of Value.
  void operator()(None) { out_ += "None"; }
  void operator()(bool value) { out_ += value ? "True" : "False"; }
  void operator()(int64_t value) { out_ += std::to_string(value); }
  void operator()(double value) { out_ += python_float(value); }
  void operator()(const std::string& text) { quoted(text); }
  void operator()(const Bytes& bytes) {
    out_ += 'b';
    quoted(bytes.data, 0x7f);
  }
  void operator()(const BigInt& value) {
    constexpr size_t kMaxBytes = 16;
    const size_t size = value.little_endian.size();
    out_ += size <= kMaxBytes ? decimal(value.little_endian) : "<int of " + std::to_string(8 * size) + " bits>";
  }
  void operator()(const std::shared_ptr<List>& list) {
    out_ += '[';
    items(list->items);
    out_ += ']';
  }
  void operator()(const std::shared_ptr<Tuple>& tuple) {
    out_ += '(';
    items(tuple->items);
    out_ += tuple->items.size() == 1 ? ",)" : ")";
  }
  void operator()(const std::shared_ptr<Dict>& dict) {
    out_ += '{';
    pairs(dict->items);
    out_ += '}';
  }
  template <class T>
  void operator()(const std::shared_ptr<const T>& boxed) {
    (*this)(*boxed);
  }
  void operator()(const Tensor& tensor);
  void operator()(const Global& global) {
    out_.append(global.module, 0, max_length_ + 1).append(".").append(global.name, 0, max_length_ + 1);
  }
  void operator()(const std::shared_ptr<Object>& object);
  void operator()(const std::shared_ptr<const Storage>& storage) {
    out_ += "<storage of " + std::to_string(storage->size()) + " bytes>";
  }

 private:
  bool is_full() const { return out_.size() > max_length_; }

  void write(const Value& value) {
    if (!is_full()) std::visit(*this, value.variant());
  }

  void items(const std::vector<Value>& values) {
    for (size_t i = 0; i < values.size() && !is_full(); ++i) {
      if (i > 0) out_ += ", ";
      write(values[i]);
    }
  }

  void pairs(const std::vector<std::pair<Value, Value>>& values) {
    for (size_t i = 0; i < values.size() && !is_full(); ++i) {
      if (i > 0) out_ += ", ";
      write(values[i].first);
      out_ += ": ";
      write(values[i].second);
    }
  }

  /// Bytes from `escaped_from` on are written as \x…
  void quoted(std::string_view text, int escaped_from = 0x100);
  void cut();

  size_t max_length_;
  std::string out_;
};

void Printer::operator()(const Tensor& tensor) {
  out_ += tensor.is_parameter ? "Parameter([" : "Tensor([";
  for (size_t i = 0; i < tensor.shape.size(); ++i) out_ += (i > 0 ? ", " : "") + std::to_string(tensor.shape[i]);
  out_ += "], " + std::string(dtype_name(tensor.dtype));
  if (const auto* quantizer = tensor.quantizer.get()) {
    out_ += ", " + quantizer->scheme;
    if (quantizer->is_per_channel())
      out_ += ", axis=" + std::to_string(quantizer->axis);
    else
      out_ += ", scale=" + python_float(quantizer->scale) + ", zero_point=" + std::to_string(quantizer->zero_point);
  }
  out_ += ')';
}

void Printer::operator()(const std::shared_ptr<Object>& object) {
  (*this)(object->type);
  const bool is_size = object->type.module == "torch" && object->type.name == "Size" && object->args;
  if (const auto* sizes = is_size && !object->args->items.empty() ? object->args->items[0].as<Tuple>() : nullptr) {
    out_ += "([";  // torch.Size shows a list
    items(sizes->items);
    out_ += "])";
    return;
  }
  out_ += '(';
  if (object->args) items(object->args->items);
  out_ += ')';
  if (object->state && !is_full()) {
    out_ += " with ";
    write(*object->state);
  }
}

void Printer::quoted(std::string_view text, int escaped_from) {
  constexpr char kHex[] = "0123456789abcdef";
  out_ += '\'';
  for (size_t i = 0; i < text.size() && !is_full(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\'' || c == '\\')
      (out_ += '\\') += text[i];
    else if (c == '\n')
      out_ += "\\n";
    else if (c < 0x20 || c == 0x7f || c >= escaped_from)
      ((out_ += "\\x") += kHex[c >> 4]) += kHex[c & 15];
    else
      out_ += text[i];
  }
  out_ += '\'';
}

void Printer::cut() {
  size_t end = max_length_;
  while (end > 0 && (out_[end] & 0xc0) == 0x80) --end;  // between characters of UTF-8
  out_.resize(end);
  out_ += "…";
}

}  // namespace

std::string repr(const Value& value, size_t max_length) { return Printer(max_length).run(value); }

}  // namespace torch_ext::formats
