#include "libtorch_ext/formats/pickle/pickle_reader.h"

#include <iterator>
#include <stdexcept>
#include <utility>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/pickle/pickle_input.h"
#include "libtorch_ext/formats/pickle/pickle_memo.h"
#include "libtorch_ext/formats/pickle/pickle_objects.h"
#include "libtorch_ext/formats/pickle/pickle_opcodes.h"
#include "libtorch_ext/formats/pickle/pickle_text.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxCopied = 24 * 1024 * 1024;

/// Protocols below 3 name modules as Python 2 did.
std::string modern_module(std::string_view module) {
  if (module == "__builtin__") return "builtins";
  if (module == "copy_reg") return "copyreg";
  return std::string(module);
}

// Picklers leave this many values and marks on the stack for each container that they are in: a dict, a key and an
// object with its class and arguments, say. Whatever has more marks, or more values below the first, nests too deep.
constexpr size_t kMaxPerLevel = 4;

[[noreturn]] void fail(const std::string& problem) { throw std::invalid_argument(problem); }

void append(std::vector<Value>& out, std::span<Value> items) {
  out.insert(out.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

/// The stack machine that a pickle is a program for.
class Machine {
 public:
  Machine(std::span<const std::byte> pickle, const PersistentLoad& persistent_load, const LoadBytes& load_bytes)
      : input_(pickle),
        persistent_load_(persistent_load),
        objects_(kMaxCopied + 16 * pickle.size(), load_bytes),
        memo_(pickle) {}

  /// Where the opcode stands that is being executed.
  size_t position() const { return position_; }

  Value run();

 private:
  void step(Opcode opcode);

  void push(Value value) {
    stack_.push_back(std::move(value));
    if (marks_.empty()) check_nesting(stack_.size() / kMaxPerLevel);
  }
  void mark() {
    marks_.push_back(stack_.size());
    check_nesting(marks_.size() / kMaxPerLevel);
  }
  void require(size_t count) const;
  Value& top();
  Value pop();
  std::vector<Value> pop_last(size_t count);
  size_t pop_mark();
  std::vector<Value> pop_to_mark() { return pop_last(pop_mark()); }
  std::pair<Value&, std::span<Value>> target_and_last(size_t count);
  void drop();
  Value get(uint64_t number);
  void put(uint64_t number);

  void append_last(size_t count);
  void set_last(size_t count);
  void add_last_to_set(size_t count);

  Value global(std::string_view module, std::string_view name);
  Value stack_global();

  PickleInput input_;
  const PersistentLoad& persistent_load_;
  size_t position_ = 0;
  // Destroyed last: its arena takes apart what memo and stack refer to.
  PickleObjects objects_;
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
  objects_.release(root);
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
      return push(objects_.make_object({"builtins", "bytearray"}, {Bytes{std::string(input_.sized<uint64_t>())}}));

    case Opcode::kMark:
      return mark();
    case Opcode::kPop:
      return drop();
    case Opcode::kPopMark:
      pop_to_mark();
      return;
    case Opcode::kDup:
      return push(objects_.copy(top()));
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
      return push(objects_.make<List>({}));
    case Opcode::kList:
      return push(objects_.make<List>(pop_to_mark()));
    case Opcode::kAppend:
      return append_last(1);
    case Opcode::kAppends:
      return append_last(pop_mark());
    case Opcode::kEmptyTuple:
      return push(objects_.make<Tuple>({}));
    case Opcode::kTuple1:
      return push(objects_.make<Tuple>(pop_last(1)));
    case Opcode::kTuple2:
      return push(objects_.make<Tuple>(pop_last(2)));
    case Opcode::kTuple3:
      return push(objects_.make<Tuple>(pop_last(3)));
    case Opcode::kTuple:
      return push(objects_.make<Tuple>(pop_to_mark()));
    case Opcode::kEmptyDict:
      return push(objects_.make_dict({}));
    case Opcode::kDict: {
      auto keys_and_values = pop_to_mark();
      return push(objects_.make_dict(keys_and_values));
    }
    case Opcode::kSetItem:
      return set_last(2);
    case Opcode::kSetItems:
      return set_last(pop_mark());
    case Opcode::kEmptySet:
      return push(objects_.make_object({"builtins", "set"}, {objects_.make<List>({})}));
    case Opcode::kFrozenSet:
      return push(objects_.make_object({"builtins", "frozenset"}, {objects_.make<List>(pop_to_mark())}));
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
      return push(objects_.reduce(parts[0], parts[1]));
    }
    case Opcode::kNewObj: {
      const auto parts = pop_last(2);
      return push(objects_.new_object(parts[0], parts[1], nullptr));
    }
    case Opcode::kNewObjEx: {
      const auto parts = pop_last(3);
      return push(objects_.new_object(parts[0], parts[1], &parts[2]));
    }
    case Opcode::kObj:
      return push(objects_.instance(pop_to_mark()));
    case Opcode::kInst: {
      const auto module = input_.line();
      const Value type = global(module, input_.line());
      return push(objects_.reduce(type, objects_.make<Tuple>(pop_to_mark())));
    }
    case Opcode::kBuild: {
      const Value state = pop();
      return objects_.build(top(), state);
    }
    case Opcode::kPersId:
      return push(objects_.copy(persistent_load_(input_.line())));
    case Opcode::kBinPersId:
      return push(objects_.copy(persistent_load_(pop())));
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

Value Machine::get(uint64_t number) {
  const Value* value = memo_.get(number);
  if (!value) fail("memo entry " + std::to_string(number) + " is used before it is put");
  return objects_.copy(*value);
}

void Machine::put(uint64_t number) {
  if (memo_.wants(number)) memo_.put(number, objects_.copy(top()));
  ++memoized_;
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

}  // namespace

Value read_pickle(std::span<const std::byte> pickle, const std::string& file, const PersistentLoad& persistent_load,
                  const LoadBytes& load_bytes) {
  Machine machine(pickle, persistent_load, load_bytes);
  try {
    return machine.run();
  } catch (const std::invalid_argument& error) {
    throw FormatError(file, "pickle, byte " + std::to_string(machine.position()) + ": " + error.what());
  }
}

}  // namespace torch_ext::formats
