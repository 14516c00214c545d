#include "libtorch_ext/formats/pickle/pickle_writer.h"

#include <bit>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <unordered_map>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/pickle/numpy_rebuild.h"
#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/pickle/pickle_opcodes.h"
#include "libtorch_ext/formats/pickle/pickle_text.h"

namespace torch_ext::formats {
namespace {

using Pairs = std::vector<std::pair<Value, Value>>;

class Writer {
 public:
  explicit Writer(StorageIds ids) : ids_(ids) {}

  Pickle run(const Value& root) {
    op(Opcode::kProto);
    number<uint8_t>(2);
    write(root);
    op(Opcode::kStop);
    return {std::move(out_), std::move(storages_), std::move(numels_)};
  }

  // One overload for each alternative of Value.
  void operator()(None) { op(Opcode::kNone); }
  void operator()(bool value) { op(value ? Opcode::kNewTrue : Opcode::kNewFalse); }
  void operator()(int64_t value);
  void operator()(double value);
  void operator()(const std::string& text) { string(text); }
  void operator()(const Bytes& bytes);
  void operator()(const BigInt& value) { long_integer(value.little_endian); }
  void operator()(const std::shared_ptr<List>& list);
  void operator()(const std::shared_ptr<Tuple>& tuple);
  void operator()(const std::shared_ptr<Dict>& dict);
  template <class T>
  void operator()(const std::shared_ptr<const T>& boxed) {
    (*this)(*boxed);
  }
  void operator()(const Tensor& tensor);
  void operator()(const Global& type) { global(type.module, type.name); }
  void operator()(const std::shared_ptr<Object>& object);
  void operator()(const std::shared_ptr<const Storage>& storage) { this->storage(storage, storage->dtype); }

 private:
  /// What makes two parameters one: tied weights are one object in Python, and must be again.
  using ParameterKey = std::tuple<const Storage*, DType, int64_t, std::vector<int64_t>, std::vector<int64_t>, bool,
                                  const TensorAttributes*>;

  struct Known {
    uint32_t memo;
    std::optional<DType> dtype;
  };

  void op(Opcode opcode) { out_ += static_cast<char>(opcode); }
  template <std::integral T>
  void number(T value) {
    append_little(out_, value);
  }

  void write(const Value& value);
  void text(std::string_view text);
  void string(std::string_view string);
  void long_integer(std::string_view little_endian);
  void global(std::string_view module, std::string_view name);
  void integers(const std::vector<int64_t>& values);
  void empty_ordered_dict();
  void items(const Pairs& pairs);
  void close_tuple(size_t size);
  bool needs_dtype(const Tensor& tensor) const;
  void rebuild_function(const Tensor& tensor);
  void rebuild_args(const Tensor& tensor);
  void quantizer(const Quantizer& quantizer);
  void data(const Tensor& tensor, const TensorAttributes* attributes);
  void numpy_type(DType dtype);
  void numpy(const Tensor& tensor, const Global& function);
  std::optional<DType> storage(const std::shared_ptr<const Storage>& storage, std::optional<DType> dtype);

  uint32_t put();
  void get(uint32_t memo);
  bool get_container(const void* container);
  void put_container(const void* container) { containers_.emplace(container, put()); }

  StorageIds ids_;
  std::string out_;
  std::vector<std::shared_ptr<const Storage>> storages_;
  std::vector<int64_t> numels_;
  std::unordered_map<const void*, uint32_t> containers_;
  std::unordered_map<const Storage*, Known> known_storages_;
  // Views of the values being written and of constants.
  std::unordered_map<std::string_view, uint32_t> strings_;
  std::map<std::pair<std::string_view, std::string_view>, uint32_t> globals_;
  std::map<ParameterKey, uint32_t> parameters_;
  std::map<DType, uint32_t> numpy_types_;
  uint32_t memo_size_ = 0;
  size_t depth_ = 0;
};

void Writer::write(const Value& value) {
  if (++depth_ > kMaxNesting) {
    throw std::invalid_argument("containers are nested in more than " + std::to_string(kMaxNesting) + " levels");
  }
  std::visit(*this, value.variant());
  --depth_;
}

uint32_t Writer::put() {
  const uint32_t memo = memo_size_++;
  if (memo <= std::numeric_limits<uint8_t>::max()) {
    op(Opcode::kBinPut);
    number(static_cast<uint8_t>(memo));
  } else {
    op(Opcode::kLongBinPut);
    number(memo);
  }
  return memo;
}

void Writer::get(uint32_t memo) {
  if (memo <= std::numeric_limits<uint8_t>::max()) {
    op(Opcode::kBinGet);
    number(static_cast<uint8_t>(memo));
  } else {
    op(Opcode::kLongBinGet);
    number(memo);
  }
}

bool Writer::get_container(const void* container) {
  const auto known = containers_.find(container);
  if (known == containers_.end()) return false;
  get(known->second);
  return true;
}

void Writer::operator()(int64_t value) {
  if (value >= 0 && value <= std::numeric_limits<uint8_t>::max()) {
    op(Opcode::kBinInt1);
    number(static_cast<uint8_t>(value));
  } else if (value >= 0 && value <= std::numeric_limits<uint16_t>::max()) {
    op(Opcode::kBinInt2);
    number(static_cast<uint16_t>(value));
  } else if (value == static_cast<int32_t>(value)) {
    op(Opcode::kBinInt);
    number(static_cast<int32_t>(value));
  } else {
    std::string bytes;
    append_little(bytes, value);
    // As few bytes as keep the sign.
    const char fill = value < 0 ? '\xff' : '\0';
    while (bytes.back() == fill && ((bytes[bytes.size() - 2] ^ fill) & 0x80) == 0) bytes.pop_back();
    long_integer(bytes);
  }
}

void Writer::operator()(double value) {
  op(Opcode::kBinFloat);
  number(__builtin_bswap64(std::bit_cast<uint64_t>(value)));
}

void Writer::long_integer(std::string_view little_endian) {
  if (little_endian.size() <= std::numeric_limits<uint8_t>::max()) {
    op(Opcode::kLong1);
    number(static_cast<uint8_t>(little_endian.size()));
  } else {
    op(Opcode::kLong4);
    number(static_cast<uint32_t>(little_endian.size()));
  }
  out_ += little_endian;
}

void Writer::text(std::string_view text) {
  if (text.size() > std::numeric_limits<uint32_t>::max()) throw std::invalid_argument("a string is longer than 4 GiB");
  op(Opcode::kBinUnicode);
  number(static_cast<uint32_t>(text.size()));
  out_ += text;
}

void Writer::string(std::string_view string) {
  const auto [known, is_new] = strings_.try_emplace(string, memo_size_);
  if (!is_new) return get(known->second);
  text(string);
  put();
}

void Writer::global(std::string_view module, std::string_view name) {
  const auto [known, is_new] = globals_.try_emplace({module, name}, memo_size_);
  if (!is_new) return get(known->second);
  if (module.find('\n') != module.npos || name.find('\n') != name.npos) {
    throw std::invalid_argument("a class's name has a line feed in it");
  }
  op(Opcode::kGlobal);
  out_.append(module).append("\n").append(name).append("\n");
  put();
}

void Writer::operator()(const Bytes& bytes) {
  global("_codecs", "encode");
  text(utf8_from_latin1(bytes.data));
  string("latin1");
  op(Opcode::kTuple2);
  op(Opcode::kReduce);
}

void Writer::operator()(const std::shared_ptr<List>& list) {
  if (get_container(list.get())) return;
  op(Opcode::kEmptyList);
  put_container(list.get());
  if (list->items.empty()) return;
  op(Opcode::kMark);
  for (const Value& item : list->items) write(item);
  op(Opcode::kAppends);
}

void Writer::close_tuple(size_t size) {
  constexpr Opcode kSmall[] = {Opcode::kEmptyTuple, Opcode::kTuple1, Opcode::kTuple2, Opcode::kTuple3};
  op(size < std::size(kSmall) ? kSmall[size] : Opcode::kTuple);
}

void Writer::operator()(const std::shared_ptr<Tuple>& tuple) {
  if (get_container(tuple.get())) return;
  const size_t size = tuple->items.size();
  if (size > 3) op(Opcode::kMark);
  for (const Value& item : tuple->items) write(item);
  if (containers_.contains(tuple.get())) {
    // An item led back here and wrote the tuple already: leave that one.
    if (size > 3)
      op(Opcode::kPopMark);
    else
      for (size_t i = 0; i < size; ++i) op(Opcode::kPop);
    get_container(tuple.get());
    return;
  }
  close_tuple(size);
  if (size > 0) put_container(tuple.get());
}

void Writer::items(const Pairs& pairs) {
  if (pairs.empty()) return;
  op(Opcode::kMark);
  for (const auto& [key, value] : pairs) {
    write(key);
    write(value);
  }
  op(Opcode::kSetItems);
}

void Writer::empty_ordered_dict() {
  global("collections", "OrderedDict");
  op(Opcode::kEmptyTuple);
  op(Opcode::kReduce);
}

void Writer::operator()(const std::shared_ptr<Dict>& dict) {
  if (get_container(dict.get())) return;
  if (dict->ordered)
    empty_ordered_dict();
  else
    op(Opcode::kEmptyDict);
  put_container(dict.get());
  items(dict->items);
  if (dict->attributes.empty()) return;
  if (!dict->ordered) throw std::invalid_argument("a dict that is not an OrderedDict has attributes");
  op(Opcode::kEmptyDict);
  op(Opcode::kMark);
  for (const auto& [name, value] : dict->attributes) {
    string(name);
    write(value);
  }
  op(Opcode::kSetItems);
  op(Opcode::kBuild);
}

void Writer::integers(const std::vector<int64_t>& values) {
  if (values.size() > 3) op(Opcode::kMark);
  for (int64_t value : values) (*this)(value);
  close_tuple(values.size());
}

/// Pushes the storage and returns the dtype that Python will take it for; nothing for an untyped one.
std::optional<DType> Writer::storage(const std::shared_ptr<const Storage>& storage, std::optional<DType> dtype) {
  const auto known = known_storages_.find(storage.get());
  if (known != known_storages_.end()) {
    get(known->second.memo);
    return known->second.dtype;
  }
  const auto type = dtype ? storage_class(*dtype) : std::nullopt;
  const bool is_typed = type && storage->size() % element_size(*dtype) == 0;
  const size_t element = is_typed ? element_size(*dtype) : 1;
  op(Opcode::kMark);
  string("storage");
  if (is_typed)
    global("torch", *type);
  else if (ids_ == StorageIds::kZip)
    global("torch.storage", "UntypedStorage");
  else
    global("torch", "ByteStorage");
  text(std::to_string(storages_.size()));
  string(storage->location);
  const auto numel = static_cast<int64_t>(storage->size() / element);
  (*this)(numel);
  if (ids_ == StorageIds::kLegacy) op(Opcode::kNone);
  op(Opcode::kTuple);
  op(Opcode::kBinPersId);
  storages_.push_back(storage);
  numels_.push_back(numel);
  const Known made{put(), is_typed ? dtype : std::nullopt};
  known_storages_.emplace(storage.get(), made);
  return made.dtype;
}

/// Whether Python has to be told the dtype: the other functions take that of the storage.
bool Writer::needs_dtype(const Tensor& tensor) const {
  const auto known = known_storages_.find(tensor.storage.get());
  const auto dtype = known == known_storages_.end() ? std::optional(tensor.dtype) : known->second.dtype;
  return dtype != tensor.dtype || !storage_class(tensor.dtype) ||
         tensor.storage->size() % element_size(tensor.dtype) != 0;
}

void Writer::rebuild_function(const Tensor& tensor) {
  check_bounds(tensor);
  const bool is_v3 = needs_dtype(tensor);
  if (is_v3 && tensor.quantizer) throw std::invalid_argument("a quantized tensor shares bytes with another dtype");
  global("torch._utils", tensor.quantizer ? "_rebuild_qtensor" : is_v3 ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
}

void Writer::rebuild_args(const Tensor& tensor) {
  const bool is_v3 = needs_dtype(tensor);
  op(Opcode::kMark);
  storage(tensor.storage, tensor.dtype);
  (*this)(tensor.storage_offset);
  integers(tensor.shape);
  integers(tensor.stride);
  if (tensor.quantizer) quantizer(*tensor.quantizer);
  (*this)(tensor.requires_grad && !tensor.is_parameter);
  empty_ordered_dict();
  if (is_v3) global("torch", dtype_name(tensor.dtype));
  op(Opcode::kTuple);
}

void Writer::quantizer(const Quantizer& quantizer) {
  op(Opcode::kMark);
  global("torch", quantizer.scheme);
  if (quantizer.is_per_channel()) {
    (*this)(quantizer.scales);
    (*this)(quantizer.zero_points);
    (*this)(quantizer.axis);
  } else {
    (*this)(quantizer.scale);
    (*this)(quantizer.zero_point);
  }
  op(Opcode::kTuple);
}

/// The tensor, whether it is a parameter or not.
void Writer::data(const Tensor& tensor, const TensorAttributes* attributes) {
  if (attributes) {
    global("torch._tensor", "_rebuild_from_type_v2");
    op(Opcode::kMark);
  }
  rebuild_function(tensor);
  if (attributes) (*this)(attributes->type);
  rebuild_args(tensor);
  if (attributes) {
    write(attributes->state);
    op(Opcode::kTuple);
  }
  op(Opcode::kReduce);
}

/// numpy.dtype("f4", False, True) with its state.
void Writer::numpy_type(DType dtype) {
  const auto [known, is_new] = numpy_types_.try_emplace(dtype, 0);
  if (!is_new) return get(known->second);
  const size_t size = element_size(dtype);
  global("numpy", "dtype");
  string(*numpy_dtype(dtype));
  (*this)(false);
  (*this)(true);
  op(Opcode::kTuple3);
  op(Opcode::kReduce);
  known->second = put();
  op(Opcode::kMark);
  (*this)(int64_t{3});
  string(size == 1 ? "|" : "<");
  for (int i = 0; i < 3; ++i) op(Opcode::kNone);
  for (const int64_t unknown : {-1, -1, 0}) (*this)(unknown);
  op(Opcode::kTuple);
  op(Opcode::kBuild);
}

/// An array or a scalar of NumPy: `function` is `_reconstruct` or `scalar`.
void Writer::numpy(const Tensor& tensor, const Global& function) {
  if (get_container(&tensor)) return;
  std::vector<std::byte> scratch;
  const auto elements = row_major_bytes(tensor, scratch);
  const Bytes bytes{std::string(reinterpret_cast<const char*>(elements.data()), elements.size())};
  global(function.module, function.name);
  if (function.name == "scalar") {
    numpy_type(tensor.dtype);
    (*this)(bytes);
    op(Opcode::kTuple2);
    op(Opcode::kReduce);
    return put_container(&tensor);
  }
  global("numpy", "ndarray");
  integers({0});
  (*this)(Bytes{"b"});
  op(Opcode::kTuple3);
  op(Opcode::kReduce);
  put_container(&tensor);
  op(Opcode::kMark);
  (*this)(int64_t{1});
  integers(tensor.shape);
  numpy_type(tensor.dtype);
  (*this)(false);
  (*this)(bytes);
  op(Opcode::kTuple);
  op(Opcode::kBuild);
}

void Writer::operator()(const Tensor& tensor) {
  const Global* numpy_made = numpy_function(tensor);
  if (numpy_made && numpy_dtype(tensor.dtype)) return numpy(tensor, *numpy_made);
  const TensorAttributes* attributes = numpy_made ? nullptr : tensor.attributes.get();
  if (!tensor.is_parameter) return data(tensor, attributes);
  ParameterKey key(tensor.storage.get(), tensor.dtype, tensor.storage_offset, tensor.shape, tensor.stride,
                   tensor.requires_grad, attributes);
  if (const auto known = parameters_.find(key); known != parameters_.end()) return get(known->second);
  const bool has_state = attributes && attributes->type.name == "Parameter";
  global("torch._utils", has_state ? "_rebuild_parameter_with_state" : "_rebuild_parameter");
  if (has_state) op(Opcode::kMark);
  data(tensor, has_state ? nullptr : attributes);
  (*this)(tensor.requires_grad);
  empty_ordered_dict();
  if (has_state) write(attributes->state);
  close_tuple(has_state ? 4 : 3);
  op(Opcode::kReduce);
  parameters_.emplace(std::move(key), put());
}

void Writer::operator()(const std::shared_ptr<Object>& object) {
  if (get_container(object.get())) return;
  // Protocol 2 lacks NEWOBJ_EX: a function of Python's takes its place.
  if (object->kwargs) global("copyreg", "__newobj_ex__");
  (*this)(object->type);
  if (object->args)
    (*this)(object->args);
  else
    op(Opcode::kEmptyTuple);
  if (object->kwargs) {
    (*this)(object->kwargs);
    op(Opcode::kTuple3);
  }
  op(object->made == Object::Made::kNewObj && !object->kwargs ? Opcode::kNewObj : Opcode::kReduce);
  put_container(object.get());
  if (!object->list_items.empty()) {
    op(Opcode::kMark);
    for (const Value& item : object->list_items) write(item);
    op(Opcode::kAppends);
  }
  items(object->dict_items);
  if (object->state) {
    write(*object->state);
    op(Opcode::kBuild);
  }
}

}  // namespace

Pickle write_pickle(const Value& root, const std::string& file, StorageIds ids) {
  try {
    return Writer(ids).run(root);
  } catch (const std::invalid_argument& error) {
    throw FormatError(file, error.what());
  }
}

}  // namespace torch_ext::formats
