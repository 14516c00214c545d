#include "libtorch_ext/formats/pytorch/pytorch_zip_check.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "libtorch_ext/formats/checkpoint_name.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxShown = 40;

/// The number that `text` begins with, as C's strtoull takes it.
std::optional<uint64_t> leading_number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r')))
    text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

const ZipRecord* find_version(const ZipReader& zip, const std::string& prefix) {
  const ZipRecord* record = zip.find(prefix + ".data/version");
  return record ? record : zip.find(prefix + "version");
}

void check_version(const ZipReader& zip, const std::string& prefix) {
  constexpr uint64_t kLeast = 1;
  constexpr uint64_t kMost = 10;
  const ZipRecord* record = find_version(zip, prefix);
  if (!record) {
    throw FormatError(zip.path(), "record " + prefix +
                                      "version is missing, which torch.load asks for; `tx-ckpt convert` "
                                      "writes it anew");
  }
  const std::string text = short_text(zip, *record);
  const auto version = leading_number(text);
  if (version && *version >= kLeast && *version <= kMost) return;
  throw FormatError(zip.path(), "record " + std::string(record->name) + " holds " + repr(text, kMaxShown) +
                                    ", a version from 1 to 10 is expected");
}

void check_alignment(const ZipReader& zip, const std::string& prefix) {
  const ZipRecord* record = zip.find(prefix + ".storage_alignment");
  if (!record) return;  // written before PyTorch 2.6
  const std::string text = short_text(zip, *record);
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return;
  throw FormatError(
      zip.path(), "record " + std::string(record->name) + " holds " + repr(text, kMaxShown) + ", a number is expected");
}

}  // namespace

std::string short_text(const ZipReader& zip, const ZipRecord& record) {
  constexpr uint64_t kMost = 1000;
  if (record.size > kMost) {
    throw FormatError(zip.path(), "record " + std::string(record.name) + " has " + std::to_string(record.size) +
                                      " bytes, a word or a number is expected");
  }
  const auto storage = zip.open(record);
  const auto bytes = storage->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_for_torch_load(const ZipReader& zip, const std::string& prefix) {
  if (!zip.is_found_by_torch()) {
    throw FormatError(zip.path(),
                      "the bytes that follow the zip archive keep torch.load from finding its directory; cut them "
                      "off, or write the file anew with `tx-ckpt convert`");
  }
  for (const ZipRecord& record : zip.records()) {
    if (record.name.starts_with(prefix)) continue;
    throw FormatError(zip.path(), "record " + repr(record.name, kMaxShown) + " isn't in the folder " +
                                      repr(prefix, kMaxShown) + " of the data.pkl, as torch.load expects of all");
  }
  check_version(zip, prefix);
  check_alignment(zip, prefix);
}

void check_for_script(const ZipReader& zip, const Value& root, bool has_constants) {
  const auto* object = root.as<Object>();
  const bool is_script = object && object->type.module.starts_with("__torch__");
  if (is_script == has_constants) return;
  throw FormatError(zip.path(), has_constants
                                    ? "has a constants.pkl as TorchScript has, for which the data.pkl should hold "
                                      "a module; it holds a " +
                                          root.type_name()
                                    : "holds a TorchScript module, but the constants.pkl is missing");
}

std::string describe_other_zip(const ZipReader& zip) {
  const auto& records = zip.records();
  const auto found = [&](const auto& holds) {
    const auto at = std::ranges::find_if(records, holds, &ZipRecord::name);
    return at == records.end() ? std::string_view() : at->name;
  };
  const auto ends = [](std::string_view end) { return [end](std::string_view name) { return name.ends_with(end); }; };
  if (records.empty()) return "is an empty zip archive, a file of torch.save is expected";
  if (zip.find("data.pkl")) {
    return "is a zip archive whose data.pkl lies in no folder, torch.save's lies in one; pack it again with its folder";
  }
  if (!found([](std::string_view name) { return name == "model.weights.h5"; }).empty()) {
    return "is a model of Keras, a file of torch.save is expected";
  }
  if (!found(ends(".npy")).empty()) return "is an .npz archive of numpy arrays, a file of torch.save is expected";
  if (const auto inner = found(is_checkpoint_name); !inner.empty()) {
    return "is a zip archive around " + repr(inner, kMaxShown) + "; unpack it first";
  }
  if (const auto deep = found(ends("/data.pkl")); !deep.empty()) {
    return "is a zip archive whose data.pkl lies too deep, at " + repr(deep, kMaxShown) +
           "; torch.save's lies in one folder";
  }
  return "is a zip archive of " + std::to_string(records.size()) + " records without a data.pkl, the first is " +
         repr(records.front().name, kMaxShown) + ": not a file of torch.save";
}

}  // namespace torch_ext::formats
