#include "libtorch_ext/formats/pytorch/pytorch_zip.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/archive/zip_writer.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "libtorch_ext/formats/pickle/pickle_writer.h"
#include "libtorch_ext/formats/pytorch/pytorch_legacy.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip_check.h"
#include "libtorch_ext/formats/pytorch/storage_id.h"
#include "libtorch_ext/formats/pytorch/torchscript.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext::formats {
namespace {

constexpr std::string_view kPickleName = "data.pkl";

/// A record's folder with its slash: the part of the name up to the first one.
std::string_view folder_of(const ZipRecord& record) { return record.name.substr(0, record.name.find('/') + 1); }

/// The folder that all records of the archive lie in: for torch.load that of the first one.
std::string_view find_prefix(const ZipReader& zip) {
  for (const ZipRecord& record : zip.records()) {
    const std::string_view folder = folder_of(record);
    if (!folder.empty() && record.name.substr(folder.size()) == kPickleName) return folder;
  }
  throw FormatError(zip.path(), describe_other_zip(zip));
}

bool is_big_endian(const ZipReader& zip, const std::string& prefix) {
  const ZipRecord* record = zip.find(prefix + "byteorder");
  if (!record) return false;  // written before PyTorch 2.1
  const std::string order = short_text(zip, *record);
  if (order != "little" && order != "big") {
    throw FormatError(zip.path(), "record byteorder holds " + repr(order, 20) + ", 'little' or 'big' is expected");
  }
  return order == "big";
}

/// The same numbers in little-endian order, swapped at their first use.
std::shared_ptr<Storage> swapped(std::shared_ptr<const Storage> big, DType dtype) {
  const size_t unit = element_size(dtype) / (is_complex(dtype) ? 2 : 1);
  const size_t size = big->size() / unit * unit;
  return std::make_shared<Storage>(size, [big = std::move(big), size, unit] {
    const auto from = big->bytes();
    std::vector<std::byte> bytes(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
    for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(unit)) {
      std::reverse(at, at + static_cast<std::ptrdiff_t>(unit));
    }
    return bytes;
  });
}

/// Hands out the storages that the pickle names by persistent ids, one object for each record.
class StorageLoader {
 public:
  StorageLoader(const ZipReader& zip, std::string prefix, bool check_crc)
      : zip_(zip), prefix_(std::move(prefix)), check_crc_(check_crc), is_big_endian_(is_big_endian(zip, prefix_)) {
    loaded_.resize(zip.records().size());
  }

  /// `id`: ("storage", torch.FloatStorage, key, location, number of elements).
  Value operator()(const Value& id) {
    const StorageId parsed = parse_storage_id(id);
    const ZipRecord* record = zip_.find(record_name(parsed.key));
    if (!record) throw FormatError(zip_.path(), "record " + name_ + " is missing");
    auto& storage = loaded_[static_cast<size_t>(record - zip_.records().data())];
    if (!storage) storage = load(*record, parsed);
    return storage;
  }

 private:
  const std::string& record_name(std::string_view key) {
    name_.assign(prefix_).append("data/").append(key);
    return name_;
  }

  std::shared_ptr<const Storage> load(const ZipRecord& record, const StorageId& id) const {
    if (static_cast<uint64_t>(id.numel) > record.size / id.element()) {
      throw FormatError(zip_.path(), "record " + std::string(record.name) + " has " + std::to_string(record.size) +
                                         " bytes, " + std::to_string(id.numel) + " elements of " +
                                         std::to_string(id.element()) + " are expected");
    }
    // A record that is larger only costs memory to unpack.
    if (record.size != record.packed_size && record.size != static_cast<uint64_t>(id.numel) * id.element()) {
      throw FormatError(zip_.path(), "record " + std::string(record.name) + " unpacks to " +
                                         std::to_string(record.size) + " bytes, " + std::to_string(id.numel) +
                                         " elements of " + std::to_string(id.element()) + " are expected");
    }
    auto storage = zip_.open(record, check_crc_);
    if (is_big_endian_ && id.element() > 1) storage = swapped(std::move(storage), *id.dtype);
    storage->location = id.location;
    storage->dtype = id.dtype;
    return storage;
  }

  const ZipReader& zip_;
  std::string prefix_;
  bool check_crc_;
  bool is_big_endian_;
  std::string name_;
  std::vector<std::shared_ptr<const Storage>> loaded_;  // by the record's index
};

/// The folder in the archive that torch.save would choose: the file's name without its extension.
std::string archive_folder(const std::string& path) {
  const std::string stem = std::filesystem::path(path).stem().string();
  const bool is_plain = std::ranges::all_of(stem, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  return (stem.empty() || !is_plain ? "archive" : stem) + "/";
}

std::string padded(uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(20 - digits.size(), '0') + digits;
}

}  // namespace

TensorFile read_pytorch_zip(const std::string& path, const ReadOptions& options) {
  const ZipReader zip(path);
  const std::string prefix(find_prefix(zip));
  const ZipRecord& pickle_record = *zip.find(prefix + std::string(kPickleName));
  const bool has_checksums = pickle_record.crc32 != 0;  // torch.serialization.set_crc32_options(False) leaves 0
  if (options.verify == Verify::kNow) {
    check_for_torch_load(zip, prefix);
    for (const ZipRecord& record : zip.records()) has_checksums ? zip.verify(record) : void(zip.open(record));
  }
  const bool check_crc = options.verify == Verify::kOnUse && has_checksums;
  StorageLoader load_storage(zip, prefix, check_crc);
  const auto pickle = zip.open_text(pickle_record, check_crc);
  const auto load_bytes = [&](const Bytes& bytes) { return read_pytorch_legacy_bytes(bytes, path); };
  TensorFile file{.format = "pytorch-zip",
                  .root = read_pickle(pickle->bytes(), path, std::ref(load_storage), load_bytes),
                  .has_checksums = has_checksums};
  const bool has_constants = zip.find(prefix + "constants.pkl") != nullptr;
  if (options.verify == Verify::kNow) check_for_script(zip, file.root, has_constants);
  if (has_constants) {
    file.format = "torchscript";
    sort_module_attributes(file.root, zip, prefix);
  }
  return file;
}

void write_pytorch_zip(const Value& root, const std::string& path, const WriteOptions& options) {
  write_pytorch_zip(write_pickle(root, path), path, options);
}

void write_pytorch_zip(const Pickle& pickle, const std::string& path, const WriteOptions& options) {
  const std::string folder = archive_folder(path);
  AtomicFile file(path, options.progress);
  ZipWriter zip(file);
  zip.add(folder + std::string(kPickleName), pickle.bytes);
  zip.add(folder + "byteorder", "little");
  for (size_t i = 0; i < pickle.storages.size(); ++i) {
    zip.add(folder + "data/" + std::to_string(i), *pickle.storages[i]);
  }
  zip.add(folder + "version", "3\n");
  zip.add(folder + ".data/serialization_id", padded(zip.digest()) + padded(pickle.bytes.size()));
  zip.finish();
  put_in_place(std::move(file), options);
}

}  // namespace torch_ext::formats
