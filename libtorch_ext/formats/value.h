#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "libtorch_ext/formats/tensor.h"

/// Python objects as plain values: what a pickle holds, without Python and without LibTorch.
///
/// Containers are held by shared pointer, so that an object that Python referred to twice is one object here,
/// too, and is written back as one. Nothing is ever executed: a class that has no counterpart here becomes an
/// `Object` that merely remembers how it would have been built.
namespace torch_ext::formats {

class Value;

/// Python's `None`.
using None = std::monostate;

/// Python's `bytes` (a `std::string` is Python's `str`, in UTF-8).
struct Bytes {
  std::string data;
};

/// A Python integer beyond 64 bits, as its two's complement in little-endian order (pickle's LONG1 payload).
struct BigInt {
  std::string little_endian;
};

/// A Python `list`.
struct List {
  std::vector<Value> items;
};

/// A Python `tuple`.
struct Tuple {
  std::vector<Value> items;
};

/// A Python `dict`, or an `OrderedDict` where `ordered`. Keeps insertion order.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  bool ordered = false;
  /// Instance attributes that an `OrderedDict` carries beside its items: a state_dict's `_metadata`.
  std::vector<std::pair<std::string, Value>> attributes;

  /// The value under the string `key`, or null. Linear in the number of items.
  const Value* find(std::string_view key) const;
  /// Replaces the value under `key`, or appends it.
  void set(std::string_view key, Value value);
};

/// A class or function that a pickle names (GLOBAL, STACK_GLOBAL) and nobody calls: `torch.float32`, `builtins.set`.
struct Global {
  std::string module;
  std::string name;
};

/// An instance of a class unknown here, inert: how it would have been built, never built.
struct Object {
  Global type;
  /// How the pickle would have made it: REDUCE calls `type(*args)`, NEWOBJ `type.__new__(type, *args, **kwargs)`.
  enum class Made { kReduce, kNewObj } made = Made::kReduce;
  std::shared_ptr<Tuple> args;
  std::shared_ptr<Dict> kwargs;                     ///< null unless NEWOBJ_EX
  std::shared_ptr<Value> state;                     ///< what BUILD received; null without one
  std::vector<Value> list_items;                    ///< what APPEND(S) added
  std::vector<std::pair<Value, Value>> dict_items;  ///< what SETITEM(S) added
};

/// A T that copies share until one of them is changed: keeps a `Value` small.
template <class T>
class Shared {
 public:
  Shared(T value) : held_(std::make_shared<T>(std::move(value))) {}

  operator const T&() const { return *held_; }
  const T* get() const { return held_.get(); }
  /// For changes; copies first where others share it.
  T* edit() {
    if (held_.use_count() > 1) held_ = std::make_shared<T>(*held_);
    return held_.get();
  }

 private:
  std::shared_ptr<T> held_;
};

/// Any of the above. Copying a `Value` copies the reference to a container, as assignment does in Python.
class Value {
 public:
  using Variant = std::variant<None, bool, int64_t, double, std::string, Bytes, BigInt, std::shared_ptr<List>,
                               std::shared_ptr<Tuple>, std::shared_ptr<Dict>, Shared<Tensor>, Shared<Global>,
                               std::shared_ptr<Object>, std::shared_ptr<const Storage>>;

  Value() = default;
  Value(None) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(int64_t{value}) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Bytes value) : data_(std::move(value)) {}
  Value(BigInt value) : data_(std::move(value)) {}
  Value(std::shared_ptr<List> value) : data_(std::move(value)) {}
  Value(std::shared_ptr<Tuple> value) : data_(std::move(value)) {}
  Value(std::shared_ptr<Dict> value) : data_(std::move(value)) {}
  Value(Tensor value) : data_(Shared<Tensor>(std::move(value))) {}
  Value(Global value) : data_(Shared<Global>(std::move(value))) {}
  Value(std::shared_ptr<Object> value) : data_(std::move(value)) {}
  /// A storage that stands by itself: what a tensor class unknown here (a quantized one) is built of.
  Value(std::shared_ptr<const Storage> value) : data_(std::move(value)) {}
  /// A new container holding `value`.
  Value(List value) : data_(std::make_shared<List>(std::move(value))) {}
  Value(Tuple value) : data_(std::make_shared<Tuple>(std::move(value))) {}
  Value(Dict value) : data_(std::make_shared<Dict>(std::move(value))) {}
  Value(Object value) : data_(std::make_shared<Object>(std::move(value))) {}

  bool is_none() const { return std::holds_alternative<None>(data_); }

  /// The held T, or null: `as<double>()`, `as<Dict>()` (containers come without their shared pointer).
  /// An `int64_t` is not a `double` here; see `number()`.
  template <class T>
  const T* as() const {
    if constexpr (std::is_same_v<T, List> || std::is_same_v<T, Tuple> || std::is_same_v<T, Dict> ||
                  std::is_same_v<T, Object>) {
      auto* held = std::get_if<std::shared_ptr<T>>(&data_);
      return held ? held->get() : nullptr;
    } else if constexpr (kIsShared<T>) {
      auto* held = std::get_if<Shared<T>>(&data_);
      return held ? held->get() : nullptr;
    } else {
      return std::get_if<T>(&data_);
    }
  }
  template <class T>
  T* as() {
    if constexpr (kIsShared<T>) {
      auto* held = std::get_if<Shared<T>>(&data_);
      return held ? held->edit() : nullptr;
    } else {
      return const_cast<T*>(std::as_const(*this).as<T>());
    }
  }

  /// Python's `id(x)` for a list, tuple, dict or object: equal for two references to one. Null for anything else.
  const void* identity() const;

  /// What Python's `type(x).__name__` would say: "int", "OrderedDict", "Tensor", … For error messages.
  std::string type_name() const;

  const Variant& variant() const { return data_; }

 private:
  template <class T>
  static constexpr bool kIsShared = std::is_same_v<T, Tensor> || std::is_same_v<T, Global>;

  Variant data_;
};

/// What Python keeps beside a tensor's elements.
struct TensorAttributes {
  Global type;  ///< its class: torch.Tensor, torch.nn.parameter.Parameter, or one derived from them
  Value state;  ///< its `__dict__`, or a tuple of that and a dict of its slots
};

}  // namespace torch_ext::formats
