#include "libtorch_ext/formats/pytorch/pytorch_tar.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "libtorch_ext/formats/archive/tar_reader.h"
#include "libtorch_ext/formats/checkpoint_name.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "libtorch_ext/formats/pickle/pickle_sequence.h"
#include "libtorch_ext/formats/pickle/pickle_text.h"
#include "libtorch_ext/formats/pytorch/pytorch_legacy.h"
#include "libtorch_ext/formats/pytorch/storage_id.h"

namespace torch_ext::formats {
namespace {

using Span = std::span<const std::byte>;

/// Reads the members of an archive in the order in which they build on each other.
class TarFile {
 public:
  explicit TarFile(const std::string& path) : path_(path), file_(MappedFile::open(path)) {
    // Of a name that comes twice the last one counts, as where tar unpacks.
    for (TarMember& member : tar_members(file_->bytes(), path)) members_[member.name] = std::move(member);
  }

  Value read() {
    read_storages();
    read_tensors();
    const auto load = [this](const Value& id) { return find(id); };
    const auto load_bytes = [this](const Bytes& bytes) { return read_pytorch_legacy_bytes(bytes, path_); };
    return read_pickle(first_pickle(member("pickle"), path_, "member pickle"), path_, load, load_bytes);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw FormatError(path_, problem); }

  Span member(const std::string& name) const {
    const auto found = members_.find(name);
    if (found == members_.end()) {
      const auto inner =
          std::ranges::find_if(members_, [](const auto& item) { return is_checkpoint_name(item.first); });
      fail("is a tar archive without a member '" + name + "': not a file of torch.save; unpack it first" +
           (inner == members_.end() ? "" : " (it holds " + inner->first + ")"));
    }
    return found->second.bytes;
  }

  /// Takes a pickle of a tuple of `size` values.
  Value take_tuple(Span& rest, size_t size, const std::string& what) const {
    Value value = take_pickle(rest, path_, what);
    check_tuple(value, size, what);
    return value;
  }
  void check_tuple(const Value& value, size_t size, const std::string& what) const {
    const auto* tuple = value.as<Tuple>();
    if (!tuple || tuple->items.size() != size) fail(what + " is no tuple of " + std::to_string(size));
  }

  int64_t take_count(Span& rest, const std::string& what) const {
    const Value value = take_pickle(rest, path_, what);
    const auto* count = value.as<int64_t>();
    if (!count || *count < 0) fail(what + " is " + value.type_name() + ", a number is expected");
    return *count;
  }

  /// Takes `count` numbers of 64 bits.
  std::vector<int64_t> take_numbers(Span& rest, size_t count, const std::string& what) const {
    if (count > rest.size() / sizeof(int64_t)) fail(what + ": the member ends in the middle");
    std::vector<int64_t> numbers(count);
    for (size_t i = 0; i < count; ++i) numbers[i] = load_little<int64_t>(rest.data() + i * sizeof(int64_t));
    rest = rest.subspan(count * sizeof(int64_t));
    return numbers;
  }

  int64_t integer(const Value& value, const std::string& what) const {
    const auto* number = value.as<int64_t>();
    if (!number) fail(what + " is " + value.type_name() + ", an integer is expected");
    return *number;
  }

  void add(int64_t key, Value value) {
    if (!objects_.emplace(key, std::move(value)).second) fail("the key " + std::to_string(key) + " appears twice");
  }

  std::shared_ptr<const Storage> storage(int64_t key) const {
    const auto found = objects_.find(key);
    const auto* storage = found == objects_.end() ? nullptr : found->second.as<std::shared_ptr<const Storage>>();
    if (!storage) fail("storage " + std::to_string(key) + " is missing");
    return *storage;
  }

  void add_storage(int64_t key, std::string location, std::optional<DType> dtype, Span bytes) {
    auto storage = std::make_shared<Storage>(bytes.size());
    const auto& unpacked = members_.at("storages").unpacked;
    unpacked ? storage->place(bytes, unpacked) : storage->place(bytes, file_, file_.get());
    storage->location = std::move(location);
    storage->dtype = dtype;
    add(key, std::shared_ptr<const Storage>(std::move(storage)));
  }

  void read_storages();
  void read_storage(Span& rest);
  void read_view(const Value& view);
  void read_tensors();
  void read_tensor(Span& rest);
  Value find(const Value& id) const;

  const std::string& path_;
  std::shared_ptr<const MappedFile> file_;
  std::unordered_map<std::string, TarMember> members_;
  std::unordered_map<int64_t, Value> objects_;  // storages and tensors, by the addresses that they once had
};

void TarFile::read_storages() {
  Span rest = member("storages");
  const int64_t count = take_count(rest, "the number of storages");
  for (int64_t i = 0; i < count; ++i) read_storage(rest);
  const Value views = take_pickle(rest, path_, "the list of storages' views");
  const auto* list = views.as<List>();
  if (!list) fail("the list of storages' views is " + views.type_name() + ", list is expected");
  for (const Value& view : list->items) read_view(view);
}

/// (key, location, class), then the number of elements and the elements.
void TarFile::read_storage(Span& rest) {
  const Value head = take_tuple(rest, 3, "a storage's description");
  const auto& parts = head.as<Tuple>()->items;
  const int64_t key = integer(parts[0], "a storage's key");
  const std::string what = "storage " + std::to_string(key);
  const auto* location = parts[1].as<std::string>();
  const auto* type = parts[2].as<Global>();
  if (!location || !type) fail(what + " has no location and class");
  const auto dtype = dtype_of_storage(*type);
  const size_t element = element_size(dtype.value_or(DType::Byte));
  const int64_t numel = take_numbers(rest, 1, what)[0];
  if (numel < 0 || static_cast<uint64_t>(numel) > rest.size() / element) {
    fail(what + " promises " + std::to_string(numel) + " elements of " + std::to_string(element) + ", but " +
         std::to_string(rest.size()) + " bytes are left");
  }
  const size_t size = static_cast<size_t>(numel) * element;
  add_storage(key, *location, dtype, rest.first(size));
  rest = rest.subspan(size);
}

/// (key, key of the storage that it is a part of, offset, number of elements).
void TarFile::read_view(const Value& view) {
  check_tuple(view, 4, "a storage's view");
  const auto& parts = view.as<Tuple>()->items;
  const auto root = storage(integer(parts[1], "a storage's key"));
  const size_t element = element_size(root->dtype.value_or(DType::Byte));
  const int64_t offset = integer(parts[2], "a view's offset");
  const int64_t numel = integer(parts[3], "a view's size");
  const auto total = static_cast<int64_t>(root->size() / element);
  if (offset < 0 || numel < 0 || offset > total || numel > total - offset) {
    fail("a view of " + std::to_string(numel) + " elements from " + std::to_string(offset) + " on reaches beyond the " +
         std::to_string(total) + " of its storage");
  }
  add_storage(integer(parts[0], "a view's key"), root->location, root->dtype,
              root->bytes().subspan(static_cast<size_t>(offset) * element, static_cast<size_t>(numel) * element));
}

void TarFile::read_tensors() {
  Span rest = member("tensors");
  const int64_t count = take_count(rest, "the number of tensors");
  for (int64_t i = 0; i < count; ++i) read_tensor(rest);
}

/// (key, key of its storage or None, class), then the number of dimensions in 4 bytes of 8, sizes, strides, offset.
void TarFile::read_tensor(Span& rest) {
  const Value head = take_tuple(rest, 3, "a tensor's description");
  const auto& parts = head.as<Tuple>()->items;
  const int64_t key = integer(parts[0], "a tensor's key");
  const std::string what = "tensor " + std::to_string(key);
  Tensor tensor;
  tensor.storage = parts[1].is_none() ? std::make_shared<const Storage>(size_t{0})
                                      : storage(integer(parts[1], "the key of " + what + "'s storage"));
  tensor.dtype = tensor.storage->dtype.value_or(DType::Byte);
  const auto dims = static_cast<int32_t>(take_numbers(rest, 1, what)[0]);
  if (dims < 0) fail(what + " has " + std::to_string(dims) + " dimensions");
  tensor.shape = take_numbers(rest, static_cast<size_t>(dims), what);
  tensor.stride = take_numbers(rest, static_cast<size_t>(dims), what);
  tensor.storage_offset = take_numbers(rest, 1, what)[0];
  // Without dimensions a tensor was empty then; it is a scalar now.
  if (dims == 0 && tensor.storage->size() == 0) tensor.shape = {0}, tensor.stride = {1};
  check_bounds(tensor);
  add(key, std::move(tensor));
}

/// `id`: an object's key in decimal, or (class, file, source) for a class that was saved with its source.
Value TarFile::find(const Value& id) const {
  if (const auto* parts = id.as<Tuple>(); parts && !parts->items.empty()) return parts->items[0];
  const auto* text = id.as<std::string>();
  const auto* number = id.as<int64_t>();
  if (!text && !number) throw std::invalid_argument("a persistent id is " + id.type_name() + ", a number is expected");
  const auto key = number ? *number : static_cast<int64_t>(parse_index(*text));
  const auto found = objects_.find(key);
  if (found == objects_.end()) throw std::invalid_argument("object " + std::to_string(key) + " is missing");
  return found->second;
}

}  // namespace

TensorFile read_pytorch_tar(const std::string& path, const ReadOptions&) {
  try {
    return {.format = "pytorch-tar", .root = TarFile(path).read()};
  } catch (const std::invalid_argument& error) {
    throw FormatError(path, error.what());
  }
}

}  // namespace torch_ext::formats
