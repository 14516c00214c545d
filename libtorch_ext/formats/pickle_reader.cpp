#include "libtorch_ext/formats/pickle_reader.h"

#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pickle_arena.h"
#include "libtorch_ext/formats/pickle_input.h"
#include "libtorch_ext/formats/pickle_memo.h"
#include "libtorch_ext/formats/pickle_opcodes.h"
#include "libtorch_ext/formats/pickle_text.h"
#include "libtorch_ext/formats/tensor_rebuild.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxCopied = 64 * 1024 * 1024;

bool is(const Global& global, std::string_view module, std::string_view name) {
  return global.name == name && global.module == module;
}

/// Protocols below 3 name modules as Python 2 did.
std::string modern_module(std::string_view module) {
  if (module == "__builtin__") return "builtins";
  if (module == "copy_reg") return "copyreg";
  return std::string(module);
}

/// Bytes that a copy of `value` takes beyond itself: Python would refer to it once more.
size_t copied_size(const Value& value) {
  if (const auto* text = value.as<std::string>()) return text->size();
  if (const auto* bytes = value.as<Bytes>()) return bytes->data.size();
  if (const auto* number = value.as<BigInt>()) return number->little_endian.size();
  if (const auto* global = value.as<Global>()) return global->module.size() + global->name.size();
  if (const auto* tensor = value.as<Tensor>()) return 2 * sizeof(int64_t) * tensor->shape.size();
  return 0;
}

[[noreturn]] void fail(const std::string& problem) { throw std::invalid_argument(problem); }

using Pairs = std::vector<std::pair<Value, Value>>;

/// Moves `keys_and_values`, which take turns, to the end of `out`.
void append_pairs(Pairs& out, std::span<Value> keys_and_values) {
  if (keys_and_values.size() % 2 != 0) fail("a dict has a key without a value");
  for (size_t i = 0; i < keys_and_values.size(); i += 2) {
    out.emplace_back(std::move(keys_and_values[i]), std::move(keys_and_values[i + 1]));
  }
}

void append(std::vector<Value>& out, std::span<Value> items) {
  out.insert(out.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

/// How protocol 2 writes Python's bytes that are not empty: _codecs.encode("…", "latin1").
std::optional<Value> encoded_bytes(const Tuple& args) {
  if (args.items.size() != 2) return std::nullopt;
  const auto* text = args.items[0].as<std::string>();
  const auto* encoding = args.items[1].as<std::string>();
  if (!text || !encoding || (*encoding != "latin1" && *encoding != "latin-1")) return std::nullopt;
  return Bytes{latin1_from_utf8(*text)};
}

/// The stack machine that a pickle is a program for.
class Machine {
 public:
  Machine(std::span<const std::byte> pickle, const PersistentLoad& persistent_load)
      : input_(pickle),
        persistent_load_(persistent_load),
        copies_left_(kMaxCopied + 16 * pickle.size()),
        memo_(pickle) {}

  /// Where the opcode stands that is being executed.
  size_t position() const { return position_; }

  Value run();

 private:
  void step(Opcode opcode);

  void push(Value value) { stack_.push_back(std::move(value)); }
  void require(size_t count) const;
  Value& top();
  Value pop();
  std::vector<Value> pop_last(size_t count);
  size_t pop_mark();
  std::vector<Value> pop_to_mark() { return pop_last(pop_mark()); }
  std::pair<Value&, std::span<Value>> target_and_last(size_t count);
  void drop();
  void charge(size_t bytes);
  Value copy(const Value& value);
  Value get(uint64_t number);
  void put(uint64_t number);

  template <class Container>
  std::shared_ptr<Container> make(std::vector<Value> items);
  std::shared_ptr<Dict> make_dict(std::vector<Value> keys_and_values);
  std::shared_ptr<Object> make_object(Global type, std::vector<Value> args);
  void append_last(size_t count);
  void set_last(size_t count);
  void add_last_to_set(size_t count);

  Value global(std::string_view module, std::string_view name);
  Value stack_global();
  Value reduce(const Value& callee, const Value& args);
  Value new_object(const Value& type, const Value& args, const Value* kwargs);
  Value instance(std::vector<Value> type_and_args);
  Value ordered_dict(const Tuple& args);
  void build(const Value& state);

  PickleInput input_;
  const PersistentLoad& persistent_load_;
  size_t copies_left_;
  size_t position_ = 0;
  // The arena is destroyed last: it takes apart what memo and stack refer to.
  PickleArena arena_;
  PickleMemo memo_;
  uint64_t memoized_ = 0;
  std::vector<Value> stack_;
  std::vector<size_t> marks_;
};

Value Machine::run() {
  for (;;) {
    position_ = input_.position();
    const auto opcode = static_cast<Opcode>(input_.number<uint8_t>());
    if (opcode == Opcode::kStop) break;
    step(opcode);
  }
  Value root = pop();
  arena_.release(root);
  return root;
}

void Machine::step(Opcode opcode) {
  switch (opcode) {
    case Opcode::kProto:
      if (const int protocol = input_.number<uint8_t>(); protocol > 5) {
        fail("found pickle protocol " + std::to_string(protocol) + ", at most 5 is expected");
      }
      return;
    case Opcode::kFrame:
      input_.number<uint64_t>();
      return;

    case Opcode::kNone:
      return push(None());
    case Opcode::kNewTrue:
      return push(true);
    case Opcode::kNewFalse:
      return push(false);
    case Opcode::kInt:
    case Opcode::kLong:
      return push(parse_int(input_.line()));
    case Opcode::kBinInt:
      return push(int64_t{input_.number<int32_t>()});
    case Opcode::kBinInt1:
      return push(int64_t{input_.number<uint8_t>()});
    case Opcode::kBinInt2:
      return push(int64_t{input_.number<uint16_t>()});
    case Opcode::kLong1:
      return push(integer_from_bytes(input_.sized<uint8_t>()));
    case Opcode::kLong4:
      return push(integer_from_bytes(input_.sized<uint32_t>()));
    case Opcode::kFloat:
      return push(parse_float(input_.line()));
    case Opcode::kBinFloat:
      return push(input_.big_endian_double());
    case Opcode::kString:
      return push(text_or_bytes(parse_quoted(input_.line())));
    case Opcode::kBinString:
      return push(text_or_bytes(input_.sized<uint32_t>()));
    case Opcode::kShortBinString:
      return push(text_or_bytes(input_.sized<uint8_t>()));
    case Opcode::kUnicode:
      return push(parse_raw_unicode(input_.line()));
    case Opcode::kShortBinUnicode:
      return push(input_.sized<uint8_t>());
    case Opcode::kBinUnicode:
      return push(input_.sized<uint32_t>());
    case Opcode::kBinUnicode8:
      return push(input_.sized<uint64_t>());
    case Opcode::kShortBinBytes:
      return push(Bytes{std::string(input_.sized<uint8_t>())});
    case Opcode::kBinBytes:
      return push(Bytes{std::string(input_.sized<uint32_t>())});
    case Opcode::kBinBytes8:
      return push(Bytes{std::string(input_.sized<uint64_t>())});
    case Opcode::kByteArray8:
      return push(make_object({"builtins", "bytearray"}, {Bytes{std::string(input_.sized<uint64_t>())}}));

    case Opcode::kMark:
      return marks_.push_back(stack_.size());
    case Opcode::kPop:
      return drop();
    case Opcode::kPopMark:
      pop_to_mark();
      return;
    case Opcode::kDup:
      return push(copy(top()));
    case Opcode::kGet:
      return push(get(parse_index(input_.line())));
    case Opcode::kBinGet:
      return push(get(input_.number<uint8_t>()));
    case Opcode::kLongBinGet:
      return push(get(input_.number<uint32_t>()));
    case Opcode::kPut:
      return put(parse_index(input_.line()));
    case Opcode::kBinPut:
      return put(input_.number<uint8_t>());
    case Opcode::kLongBinPut:
      return put(input_.number<uint32_t>());
    case Opcode::kMemoize:
      return put(memoized_);

    case Opcode::kEmptyList:
      return push(make<List>({}));
    case Opcode::kList:
      return push(make<List>(pop_to_mark()));
    case Opcode::kAppend:
      return append_last(1);
    case Opcode::kAppends:
      return append_last(pop_mark());
    case Opcode::kEmptyTuple:
      return push(make<Tuple>({}));
    case Opcode::kTuple1:
      return push(make<Tuple>(pop_last(1)));
    case Opcode::kTuple2:
      return push(make<Tuple>(pop_last(2)));
    case Opcode::kTuple3:
      return push(make<Tuple>(pop_last(3)));
    case Opcode::kTuple:
      return push(make<Tuple>(pop_to_mark()));
    case Opcode::kEmptyDict:
      return push(make_dict({}));
    case Opcode::kDict:
      return push(make_dict(pop_to_mark()));
    case Opcode::kSetItem:
      return set_last(2);
    case Opcode::kSetItems:
      return set_last(pop_mark());
    case Opcode::kEmptySet:
      return push(make_object({"builtins", "set"}, {make<List>({})}));
    case Opcode::kFrozenSet:
      return push(make_object({"builtins", "frozenset"}, {make<List>(pop_to_mark())}));
    case Opcode::kAddItems:
      return add_last_to_set(pop_mark());

    case Opcode::kGlobal: {
      const auto module = input_.line();
      return push(global(module, input_.line()));
    }
    case Opcode::kStackGlobal:
      return push(stack_global());
    case Opcode::kReduce: {
      const auto parts = pop_last(2);
      return push(reduce(parts[0], parts[1]));
    }
    case Opcode::kNewObj: {
      const auto parts = pop_last(2);
      return push(new_object(parts[0], parts[1], nullptr));
    }
    case Opcode::kNewObjEx: {
      const auto parts = pop_last(3);
      return push(new_object(parts[0], parts[1], &parts[2]));
    }
    case Opcode::kObj:
      return push(instance(pop_to_mark()));
    case Opcode::kInst: {
      const auto module = input_.line();
      const Value type = global(module, input_.line());
      return push(reduce(type, make<Tuple>(pop_to_mark())));
    }
    case Opcode::kBuild:
      return build(pop());
    case Opcode::kPersId:
      return push(persistent_load_(input_.line()));
    case Opcode::kBinPersId:
      return push(persistent_load_(pop()));
    case Opcode::kStop:
      return;
  }
  fail("found opcode " + std::to_string(static_cast<int>(opcode)) + ", which is unknown");
}

void Machine::require(size_t count) const {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() - floor < count) fail("the stack holds fewer values than its opcode takes");
}

Value& Machine::top() {
  require(1);
  return stack_.back();
}

Value Machine::pop() {
  Value value = std::move(top());
  stack_.pop_back();
  return value;
}

std::vector<Value> Machine::pop_last(size_t count) {
  require(count);
  const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
  std::vector<Value> values(std::make_move_iterator(first), std::make_move_iterator(stack_.end()));
  stack_.erase(first, stack_.end());
  return values;
}

/// Removes the last mark and returns how many values were above it.
size_t Machine::pop_mark() {
  if (marks_.empty()) fail("an opcode takes all values since a mark, but there is none");
  const size_t count = stack_.size() - marks_.back();
  marks_.pop_back();
  return count;
}

/// The last values, still on the stack, and the one below them, which they go into.
std::pair<Value&, std::span<Value>> Machine::target_and_last(size_t count) {
  require(count + 1);
  const std::span<Value> last = std::span(stack_).last(count + 1);
  return {last.front(), last.subspan(1)};
}

void Machine::drop() {
  if (!marks_.empty() && marks_.back() == stack_.size())
    marks_.pop_back();
  else
    pop();
}

/// Pays for bytes that are copied where Python would share them.
void Machine::charge(size_t bytes) {
  if (bytes > copies_left_) fail("long values are repeated too often");
  copies_left_ -= bytes;
}

Value Machine::copy(const Value& value) {
  charge(copied_size(value));
  return value;
}

Value Machine::get(uint64_t number) {
  const Value* value = memo_.get(number);
  if (!value) fail("memo entry " + std::to_string(number) + " is used before it is put");
  return copy(*value);
}

void Machine::put(uint64_t number) {
  if (memo_.wants(number)) memo_.put(number, copy(top()));
  ++memoized_;
}

template <class Container>
std::shared_ptr<Container> Machine::make(std::vector<Value> items) {
  auto container = std::make_shared<Container>();
  container->items = std::move(items);
  arena_.add(container);
  return container;
}

std::shared_ptr<Dict> Machine::make_dict(std::vector<Value> keys_and_values) {
  auto dict = std::make_shared<Dict>();
  arena_.add(dict);
  append_pairs(dict->items, keys_and_values);
  return dict;
}

std::shared_ptr<Object> Machine::make_object(Global type, std::vector<Value> args) {
  auto object = std::make_shared<Object>();
  arena_.add(object);
  object->type = std::move(type);
  object->args = make<Tuple>(std::move(args));
  return object;
}

void Machine::append_last(size_t count) {
  const auto [target, items] = target_and_last(count);
  auto* list = target.as<List>();
  auto* object = target.as<Object>();
  if (!list && !object) fail("an item is appended to " + target.type_name() + ", a list is expected");
  append(list ? list->items : object->list_items, items);
  stack_.resize(stack_.size() - count);
}

void Machine::set_last(size_t count) {
  const auto [target, keys_and_values] = target_and_last(count);
  auto* dict = target.as<Dict>();
  auto* object = target.as<Object>();
  if (!dict && !object) fail("an item is set in " + target.type_name() + ", a dict is expected");
  append_pairs(dict ? dict->items : object->dict_items, keys_and_values);
  stack_.resize(stack_.size() - count);
}

void Machine::add_last_to_set(size_t count) {
  const auto [target, items] = target_and_last(count);
  auto* object = target.as<Object>();
  auto* list = object && object->args && object->args->items.size() == 1 ? object->args->items[0].as<List>() : nullptr;
  if (!list) fail("an item is added to " + target.type_name() + ", a set is expected");
  append(list->items, items);
  stack_.resize(stack_.size() - count);
}

Value Machine::global(std::string_view module, std::string_view name) {
  return Global{modern_module(module), std::string(name)};
}

Value Machine::stack_global() {
  const auto names = pop_last(2);
  const auto* module = names[0].as<std::string>();
  const auto* name = names[1].as<std::string>();
  if (!module || !name) fail("a class is named by " + names[0].type_name() + " and " + names[1].type_name());
  return global(*module, *name);
}

Value Machine::reduce(const Value& callee, const Value& args) {
  const auto* tuple = args.as<Tuple>();
  if (!tuple) fail("a call's arguments are " + args.type_name() + ", a tuple is expected");
  const auto* function = callee.as<Global>();
  if (!function) {
    // Calls the result of another call: kept in Python's own words for that.
    charge(tuple->items.size() * sizeof(Value));
    auto call_args = tuple->items;
    call_args.insert(call_args.begin(), callee);
    return make_object({"operator", "call"}, std::move(call_args));
  }
  if (is(*function, "collections", "OrderedDict")) return ordered_dict(*tuple);
  if (is(*function, "builtins", "bytes") && tuple->items.empty()) return Bytes{};
  if (is(*function, "_codecs", "encode")) {
    if (auto bytes = encoded_bytes(*tuple)) return *std::move(bytes);
  }
  if (auto tensor = rebuild_tensor(*function, *tuple)) return *std::move(tensor);
  auto object = std::make_shared<Object>();
  arena_.add(object);
  object->type = *function;
  object->args = std::get<std::shared_ptr<Tuple>>(args.variant());
  return object;
}

Value Machine::new_object(const Value& type, const Value& args, const Value* kwargs) {
  const auto* global = type.as<Global>();
  const bool has_args = args.as<Tuple>() && (!kwargs || kwargs->as<Dict>());
  if (!global || !has_args) fail("an object is made of " + type.type_name() + " and " + args.type_name());
  auto object = std::make_shared<Object>();
  arena_.add(object);
  object->type = *global;
  object->made = Object::Made::kNewObj;
  object->args = std::get<std::shared_ptr<Tuple>>(args.variant());
  if (kwargs) object->kwargs = std::get<std::shared_ptr<Dict>>(kwargs->variant());
  return object;
}

Value Machine::instance(std::vector<Value> type_and_args) {
  if (type_and_args.empty()) fail("an object is made without a class");
  const Value type = std::move(type_and_args.front());
  type_and_args.erase(type_and_args.begin());
  return reduce(type, make<Tuple>(std::move(type_and_args)));
}

Value Machine::ordered_dict(const Tuple& args) {
  std::vector<Value> keys_and_values;
  // Python 2 gives the items to the constructor, as a list of [key, value].
  const auto* items = args.items.empty() ? nullptr : args.items[0].as<List>();
  if (args.items.size() > 1 || (!args.items.empty() && !items)) fail("an OrderedDict is not made of a list of items");
  if (items) charge(2 * items->items.size() * sizeof(Value));
  for (const Value& item : items ? std::span<const Value>(items->items) : std::span<const Value>()) {
    const auto* list = item.as<List>();
    const auto* tuple = item.as<Tuple>();
    if (!list && !tuple) fail("an item of an OrderedDict is " + item.type_name() + ", a key and a value are expected");
    const auto& parts = list ? list->items : tuple->items;
    if (parts.size() != 2)
      fail("an item of an OrderedDict has " + std::to_string(parts.size()) + " parts, 2 are expected");
    for (const Value& part : parts) keys_and_values.push_back(copy(part));
  }
  auto dict = make_dict(std::move(keys_and_values));
  dict->ordered = true;
  return dict;
}

void Machine::build(const Value& state) {
  Value& target = top();
  if (auto* object = target.as<Object>()) {
    if (object->state) fail("an object receives its state twice");
    object->state = std::make_shared<Value>(state);
    return;
  }
  auto* dict = target.as<Dict>();
  const auto* attributes = state.as<Dict>();
  if (!dict || !dict->ordered || !attributes) {
    fail("a " + target.type_name() + " receives " + state.type_name() + " as its state");
  }
  charge(2 * attributes->items.size() * sizeof(Value));
  for (const auto& [name, value] : attributes->items) {
    const auto* text = name.as<std::string>();
    if (!text) fail("an attribute's name is " + name.type_name() + ", str is expected");
    dict->attributes.emplace_back(*text, copy(value));
  }
}

}  // namespace

Value read_pickle(std::span<const std::byte> pickle, const std::string& file, const PersistentLoad& persistent_load) {
  Machine machine(pickle, persistent_load);
  try {
    return machine.run();
  } catch (const std::invalid_argument& error) {
    throw FormatError(file, "pickle, byte " + std::to_string(machine.position()) + ": " + error.what());
  }
}

}  // namespace torch_ext::formats
