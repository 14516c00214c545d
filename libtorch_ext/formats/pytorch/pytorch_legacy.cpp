#include "libtorch_ext/formats/pytorch/pytorch_legacy.h"

#include <stdexcept>
#include <unordered_map>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "libtorch_ext/formats/pickle/pickle_sequence.h"
#include "libtorch_ext/formats/pickle/pickle_writer.h"
#include "libtorch_ext/formats/pytorch/legacy_magic.h"
#include "libtorch_ext/formats/pytorch/storage_id.h"

namespace torch_ext::formats {
namespace {

using Span = std::span<const std::byte>;

/// The bytes of a file, or of a pickle within one.
struct LegacySource {
  std::string name;
  Span bytes;
  std::shared_ptr<const void> owner;
  const MappedFile* file = nullptr;
};

/// Hands out storages as the pickle names them, and learns afterwards where their bytes stand.
class LegacyStorages {
 public:
  explicit LegacyStorages(const LegacySource& source) : source_(source) {}

  /// `id`: ("storage", torch.FloatStorage, key, location, number of elements, view) or ("module", class, file, source).
  Value operator()(const Value& id) {
    const auto* parts = id.as<Tuple>();
    const auto* what = parts && !parts->items.empty() ? parts->items[0].as<std::string>() : nullptr;
    if (what && *what == "module" && parts->items.size() == 4) return parts->items[1];
    const StorageId storage = parse_storage_id(id);
    const auto& root = root_of(storage);
    if (!storage.view) return std::shared_ptr<const Storage>(root.storage);
    return std::shared_ptr<const Storage>(view_of(storage, root));
  }

  /// `rest` begins with the list of keys, then holds what each stands for: the number of elements and the elements.
  /// Bytes that follow them are left alone, as torch.load does.
  void place(Span rest);

 private:
  struct Root {
    std::shared_ptr<Storage> storage;
    size_t element = 1;
    bool is_placed = false;
  };
  struct View {
    std::shared_ptr<Storage> storage;
    std::string root;
    size_t begin = 0;
  };

  Root& root_of(const StorageId& id);
  std::shared_ptr<Storage> view_of(const StorageId& id, const Root& root);
  std::shared_ptr<Storage> make(const StorageId& id, size_t bytes) const;
  void place_one(const std::string& key, Span& rest);

  const LegacySource& source_;
  std::unordered_map<std::string, Root> roots_;
  std::unordered_map<std::string, View> views_;
};

std::shared_ptr<Storage> LegacyStorages::make(const StorageId& id, size_t bytes) const {
  auto storage = std::make_shared<Storage>(bytes);
  storage->location = id.location;
  storage->dtype = id.dtype;
  return storage;
}

LegacyStorages::Root& LegacyStorages::root_of(const StorageId& id) {
  const auto [found, is_new] = roots_.try_emplace(id.key);
  if (is_new) {
    // The file has at least as many bytes as any of its storages.
    const size_t element = id.element();
    if (static_cast<uint64_t>(id.numel) > source_.bytes.size() / element) {
      throw std::invalid_argument("storage " + id.key + " of " + std::to_string(id.numel) + " elements of " +
                                  std::to_string(element) + " bytes is larger than the file");
    }
    found->second = {make(id, static_cast<size_t>(id.numel) * element), element};
  }
  return found->second;
}

/// `id.view`: (key, offset, number of elements), a part of the storage that goes by a key of its own.
std::shared_ptr<Storage> LegacyStorages::view_of(const StorageId& id, const Root& root) {
  const auto* parts = id.view->as<Tuple>();
  const bool is_view = parts && parts->items.size() == 3;
  const auto* key = is_view ? parts->items[0].as<std::string>() : nullptr;
  const auto* offset = is_view ? parts->items[1].as<int64_t>() : nullptr;
  const auto* numel = is_view ? parts->items[2].as<int64_t>() : nullptr;
  if (!key || !offset || !numel) throw std::invalid_argument("a view of storage " + id.key + " has no key and place");
  if (const auto known = roots_.find(*key); known != roots_.end()) return known->second.storage;
  const auto [found, is_new] = views_.try_emplace(*key);
  if (!is_new) return found->second.storage;
  const auto total = static_cast<int64_t>(root.storage->size() / id.element());
  if (*offset < 0 || *numel < 0 || *offset > total || *numel > total - *offset) {
    throw std::invalid_argument("a view of " + std::to_string(*numel) + " elements from " + std::to_string(*offset) +
                                " on reaches beyond the " + std::to_string(total) + " of storage " + id.key);
  }
  const size_t element = id.element();
  found->second = {make(id, static_cast<size_t>(*numel) * element), id.key, static_cast<size_t>(*offset) * element};
  return found->second.storage;
}

void LegacyStorages::place_one(const std::string& key, Span& rest) {
  const auto fail = [&](const std::string& problem) {
    throw FormatError(source_.name, "storage " + key + ": " + problem);
  };
  const auto found = roots_.find(key);
  if (found == roots_.end()) fail("no tensor refers to it, so its element size is unknown");
  Root& root = found->second;
  if (root.is_placed) fail("its bytes are listed twice");
  if (rest.size() < sizeof(int64_t)) fail("the file ends before it");
  const auto numel = load_little<int64_t>(rest.data());
  const size_t size = root.storage->size();
  if (numel < 0 || static_cast<uint64_t>(numel) != size / root.element) {
    fail("it has " + std::to_string(numel) + " elements, " + std::to_string(size / root.element) + " are expected");
  }
  rest = rest.subspan(sizeof(int64_t));
  if (rest.size() < size) {
    fail("the file ends after " + std::to_string(rest.size()) + " of its " + std::to_string(size) + " bytes");
  }
  root.storage->place(rest.first(size), source_.owner, source_.file);
  root.is_placed = true;
  rest = rest.subspan(size);
}

void LegacyStorages::place(Span rest) {
  const Value keys = take_pickle(rest, source_.name, "the list of storages");
  const auto* list = keys.as<List>();
  if (!list) throw FormatError(source_.name, "the list of storages is " + keys.type_name() + ", list is expected");
  for (const Value& key : list->items) {
    const auto* text = key.as<std::string>();
    if (!text) throw FormatError(source_.name, "a storage's key is " + key.type_name() + ", str is expected");
    place_one(*text, rest);
  }
  for (const auto& [key, root] : roots_) {
    if (!root.is_placed && root.storage->size() > 0) throw FormatError(source_.name, "storage " + key + " is missing");
  }
  for (auto& [key, view] : views_) {
    const auto all = roots_.at(view.root).storage->bytes();
    view.storage->place(all.subspan(view.begin, view.storage->size()), source_.owner, source_.file);
  }
}

void check_protocol(const Value& version, const std::string& file) {
  constexpr int64_t kProtocol = 1001;
  const auto* number = version.as<int64_t>();
  if (number && *number == kProtocol) return;
  throw FormatError(file, "the version of the format is " + (number ? std::to_string(*number) : version.type_name()) +
                              ", 1001 is expected");
}

Value read_source(const LegacySource& source, const LoadBytes& load_bytes) {
  Span rest = source.bytes;
  if (!begins_with_legacy_magic(rest)) throw FormatError(source.name, "does not begin with torch.save's magic number");
  rest = rest.subspan(first_pickle(rest, source.name, "the magic number").size());
  check_protocol(take_pickle(rest, source.name, "the version of the format"), source.name);
  // Byte order and sizes of C's integers on the machine that wrote the file. Storages are little-endian regardless.
  take_pickle(rest, source.name, "the description of the machine");

  LegacyStorages storages(source);
  const Span pickle = first_pickle(rest, source.name, "the pickle");
  Value root = read_pickle(pickle, source.name, std::ref(storages), load_bytes);
  storages.place(rest.subspan(pickle.size()));
  return root;
}

}  // namespace

TensorFile read_pytorch_legacy(const std::string& path, const ReadOptions&) {
  const auto file = MappedFile::open(path);
  const LegacySource source{.name = path, .bytes = file->bytes(), .owner = file, .file = file.get()};
  const auto load_bytes = [&](const Bytes& bytes) { return read_pytorch_legacy_bytes(bytes, path); };
  return {.format = "pytorch-legacy", .root = read_source(source, load_bytes)};
}

Value read_pytorch_legacy_bytes(const Bytes& bytes, const std::string& name) {
  const auto owner = std::make_shared<const std::string>(bytes.data);
  return read_source({.name = name, .bytes = std::as_bytes(std::span(*owner)), .owner = owner}, {});
}

void write_pytorch_legacy(const Value& root, const std::string& path, const WriteOptions& options) {
  const Pickle pickle = write_pickle(root, path, StorageIds::kLegacy);
  auto keys = std::make_shared<List>();
  for (size_t i = 0; i < pickle.storages.size(); ++i) keys->items.emplace_back(std::to_string(i));
  const Value system = Dict{{{"protocol_version", 1001},
                             {"little_endian", true},
                             {"type_sizes", Dict{{{"short", 2}, {"int", 4}, {"long", 4}}}}}};
  AtomicFile file(path, options.progress);
  file.write(kLegacyMagic);
  file.write(write_pickle(1001, path).bytes);
  file.write(write_pickle(system, path).bytes);
  file.write(pickle.bytes);
  file.write(write_pickle(keys, path).bytes);
  for (size_t i = 0; i < pickle.storages.size(); ++i) {
    std::string count;
    append_little(count, pickle.numels[i]);
    file.write(count);
    pickle.storages[i]->stream([&](Span piece) { file.write(piece); });
  }
  put_in_place(std::move(file), options);
}

}  // namespace torch_ext::formats
