#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"
#include "libtorch_ext/config/document.h"

namespace torch_ext::config {

/// Fills structs from JSON; what the JSON doesn't name keeps its default.
///
/// A struct is described once, for reading, writing (`writer.h`) and its JSON Schema (`schema.h`) alike,
/// by a function beside it:
///
///     struct OptimizerConfig { double lr = 0.1; std::optional<int64_t> seed; };
///
///     template <class Visitor>
///     void describe(Visitor& v, OptimizerConfig& c) {
///       v.field("lr", c.lr, above(0), "the step's size");
///       v.field("seed", c.seed, {}, "null: drawn");
///     }
///
///     auto config = config::read<OptimizerConfig>(document);
///
/// Fields are `bool`, `int64_t`, `double`, `std::string`, other described structs, `std::optional` of these
/// (JSON null; also "auto" where the bound is `or_auto`), `std::vector` of these (a list; a lone number is a list of one),
/// `StringPairs` (an object of strings, or a list of lists of two), or a `std::variant` of described structs, chosen by
/// the key "name", which each alternative has as `static constexpr const char* kName`.
/// Throws `ConfigError` at the first unknown key, wrong type or value out of bounds.
class Reader {
 public:
  Reader(const Document& document, const Json& object, std::string pointer);

  template <class T>
  void field(const char* key, T& value, const Bound& bound = {}, const char* = "") {
    known_.push_back(key);
    const auto found = object_.find(key);
    if (found != object_.end()) read(*found, pointer_ + "/" + key, value, bound);
  }

  /// Refuses what no `field` has named.
  void finish() const;

  /// Tells the reader about a key that is read elsewhere.
  void skip(const char* key) { known_.push_back(key); }

 private:
  void read(const Json& json, const std::string& pointer, bool& value, const Bound&) const;
  void read(const Json& json, const std::string& pointer, int64_t& value, const Bound& bound) const;
  void read(const Json& json, const std::string& pointer, double& value, const Bound& bound) const;
  void read(const Json& json, const std::string& pointer, std::string& value, const Bound& bound) const;
  void read(const Json& json, const std::string& pointer, StringPairs& value, const Bound& bound) const;

  template <class T>
  void read(const Json& json, const std::string& pointer, std::optional<T>& value, const Bound& bound) const {
    if (json.is_null() || (bound.automatic && json == "auto")) {
      value.reset();
    } else {
      Bound inner = bound;
      inner.nullable = true;
      read(json, pointer, value.emplace(), inner);
    }
  }

  template <class T>
  void read(const Json& json, const std::string& pointer, std::vector<T>& value, const Bound& bound) const {
    value.clear();
    if constexpr (std::is_arithmetic_v<T>) {
      if (json.is_number()) return read(json, pointer, value.emplace_back(), bound);
    }
    expect(json.is_array(), json, pointer, "a list");
    for (size_t i = 0; i < json.size(); ++i) {
      read(json[i], pointer + "/" + std::to_string(i), value.emplace_back(), bound);
    }
  }

  template <class... Alternatives>
  void read(const Json& json, const std::string& pointer, std::variant<Alternatives...>& value, const Bound&) const {
    const std::string current = std::visit([](const auto& v) { return std::string(v.kName); }, value);
    const std::string name = name_of(json, pointer, current, {Alternatives::kName...});
    auto choose = [&]<class T>(std::type_identity<T>) {
      if (name != T::kName) return;
      if (!std::holds_alternative<T>(value)) value.template emplace<T>();
      read_object(json, pointer, std::get<T>(value), /*tagged=*/true);
    };
    (choose(std::type_identity<Alternatives>{}), ...);
  }

  template <class T>
  requires std::is_class_v<T>
  void read(const Json& json, const std::string& pointer, T& value, const Bound&) const {
    read_object(json, pointer, value, /*tagged=*/false);
  }

  template <class T>
  void read_object(const Json& json, const std::string& pointer, T& value, bool tagged) const {
    Reader inner(document_, json, pointer);
    if (tagged) inner.skip("name");
    describe(inner, value);
    inner.finish();
  }

  void expect(bool holds, const Json& json, const std::string& pointer, const std::string& expected) const;
  std::string name_of(const Json& json, const std::string& pointer, const std::string& current,
                      const std::vector<std::string>& names) const;

  const Document& document_;
  const Json& object_;
  std::string pointer_;
  std::vector<std::string> known_;
};

/// A T from the whole document; see `Reader`.
template <class T>
T read(const Document& document) {
  T value;
  Reader reader(document, document.root(), "");
  describe(reader, value);
  reader.finish();
  return value;
}

}  // namespace torch_ext::config
