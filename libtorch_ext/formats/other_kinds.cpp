#include "libtorch_ext/formats/other_kinds.h"

#include <algorithm>
#include <string_view>

#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/stand_in.h"

namespace torch_ext::formats {
namespace {

using namespace std::string_view_literals;

constexpr size_t kMaxShown = 60;
constexpr const char* kMessagePack =
    "is MessagePack (Flax, JAX), which can't be read; take the model's .safetensors or .bin";

struct Mark {
  size_t offset;
  std::string_view bytes;
  const char* text;
};

// From the most telling to the least.
constexpr Mark kMarks[] = {
    {0, "GGUF"sv, "is a GGUF file (llama.cpp), which can't be read; take the model's .safetensors or .bin"},
    {0, "lmgg"sv, "is a GGML file (llama.cpp), which can't be read; take the model's .safetensors or .bin"},
    {0, "tjgg"sv, "is a GGML file (llama.cpp), which can't be read; take the model's .safetensors or .bin"},
    {4, "TFL3"sv, "is a model of TensorFlow Lite, which can't be read"},
    {0, "\x89HDF\r\n\x1a\n"sv, "is HDF5 (Keras, h5py), a file of torch.save is expected; convert it in Python"},
    {0, "\x93NUMPY"sv, "is a numpy array, a file of torch.save is expected; torch.save it in Python"},
    {0, "PK\x05\x06"sv, "is an empty zip archive, a file of torch.save is expected"},
    {0, "\x1f\x8b"sv, "is gzip, a file of torch.save is expected; unpack it first (gunzip; tar -xf)"},
    {0, "\x28\xb5\x2f\xfd"sv, "is Zstandard, a file of torch.save is expected; unpack it first (zstd -d)"},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "is xz, a file of torch.save is expected; unpack it first (xz -d)"},
    {0, "BZh"sv, "is bzip2, a file of torch.save is expected; unpack it first (bunzip2)"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "is a 7z archive, a file of torch.save is expected; unpack it first (7z x)"},
    {0, "Rar!\x1a\x07"sv, "is a RAR archive, a file of torch.save is expected; unpack it first"},
    {0, "\x04\x22\x4d\x18"sv, "is LZ4, a file of torch.save is expected; unpack it first (lz4 -d)"},
    {0, "%PDF"sv, "is a PDF document, a file of torch.save is expected"},
    {0, "\x89PNG"sv, "is a picture (PNG), a file of torch.save is expected"},
    {0, "\xff\xd8\xff"sv, "is a picture (JPEG), a file of torch.save is expected"},
    {0,
     "\x7f"
     "ELF"sv,
     "is a program or library (ELF), a file of torch.save is expected"},
};

bool is_text(std::string_view head) {
  return std::ranges::all_of(head, [](unsigned char c) { return c >= 0x20 || (c >= '\t' && c <= '\r'); });
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string first_line(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  return repr(text, kMaxShown);
}

std::string describe_json(std::string_view head) {
  if (contains(head, "\"architectures\"") || contains(head, "\"model_type\"")) {
    return "is the description of a model, whose weights are in a file beside it: model.safetensors or "
           "pytorch_model.bin, or their .index.json";
  }
  for (const std::string_view key : {"\"error\"", "\"message\"", "\"detail\"", "\"errors\""}) {
    if (contains(head, key)) return "is the answer of a server that couldn't give the file: " + first_line(head);
  }
  return "is JSON, but it has no weight_map, which the index of a sharded checkpoint has";
}

std::string describe_text(std::string_view head) {
  constexpr std::string_view kPython[] = {"#!/usr/bin/env python", "import ", "from ", "def ", "class ", "\"\"\""};
  const auto is_python = std::ranges::any_of(kPython, [&](auto begin) { return head.starts_with(begin); });
  if (is_python) return "is Python code, a file of torch.save is expected: " + first_line(head);
  return "is a text file, a file of torch.save is expected; it begins with " + first_line(head);
}

/// ONNX is a protocol buffer without a mark: field 1 is a small version, one of the next few fields follows.
bool is_onnx(std::string_view head) {
  return head.size() > 3 && head[0] == '\x08' && head[1] > 0 && head[1] < 32 && (head[2] & 7) == 2 && head[2] <= 0x42;
}

/// MessagePack's map of a few entries whose first key is a short text.
bool is_msgpack(std::string_view head) {
  const auto first = static_cast<unsigned char>(head.size() > 1 ? head[0] : 0);
  const auto second = static_cast<unsigned char>(head.size() > 1 ? head[1] : 0);
  return first > 0x80 && first < 0x90 && second > 0xa0 && second < 0xc0;
}

}  // namespace

std::string describe_other_file(const std::string& path, std::span<const std::byte> bytes) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string_view head = all.substr(0, 4096);
  if (head.empty()) return "is empty: a download or a copy was cut, or the disk was full; fetch it again";
  if (path.ends_with(".distcp") || contains(head, "torch.distributed.checkpoint.metadata")) {
    return "is a part of a folder of torch.distributed.checkpoint; make one file of the folder with "
           "`python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER OUT.pt`";
  }
  if (std::string instead = stand_in(head); !instead.empty()) return instead;
  for (const Mark& mark : kMarks) {
    if (head.substr(std::min(mark.offset, head.size())).starts_with(mark.bytes)) return mark.text;
  }
  if (head.starts_with('\x80') && head.size() > 1 && head[1] > 0 && head[1] <= 5) {
    return "is a bare pickle, a file of torch.save is expected; load it in Python and torch.save it";
  }
  if (const size_t zip = head.find("PK\x03\x04"sv); zip != head.npos) {
    return "has " + std::to_string(zip) + " bytes before a zip archive, which torch.load doesn't read; take them off";
  }
  if (head.find_first_not_of('\0') == head.npos) {
    return "begins with zeros: it was never written to, by a download or a copy that was cut; fetch it again";
  }
  if (is_msgpack(head)) return kMessagePack;
  if (is_text(head.substr(0, 512))) {
    if (head.starts_with("\xef\xbb\xbf"sv)) head.remove_prefix(3);
    head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    if (head.starts_with('<')) return "is an XML document, a file of torch.save is expected";
    return head.starts_with('{') ? describe_json(head) : describe_text(head);
  }
  if (path.ends_with(".onnx") || is_onnx(head))
    return "is an ONNX model, which can't be read; take the weights it was made of";
  if (path.ends_with(".msgpack")) return kMessagePack;
  return "is no file of torch.save, which begins with a zip header (50 4b 03 04)";
}

}  // namespace torch_ext::formats
