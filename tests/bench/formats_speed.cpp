// The C++ side of formats_speed.py: does one piece of work and prints its milliseconds and the process's peak memory.
//   formats-speed WORK FILE [OUT]

#include <torch/torch.h>

#include <any>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <unistd.h>

#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace {

namespace formats = torch_ext::formats;

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Times `work`; what it returns is freed after.
double milliseconds(const std::function<std::any()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  const std::any result = work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// Of this program alone; getrusage would count that of the process which started it, too.
int64_t peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") break;
  }
  int64_t kib = 0;
  status >> kib;
  return kib / 1024;
}

Tensors load(const std::string& path, formats::Verify verify = formats::Verify::kOnUse) {
  Tensors tensors;
  for (auto& [name, tensor] : formats::named_tensors(formats::read_tensor_file(path, {.verify = verify}).root)) {
    tensors.emplace_back(std::move(name), torch_ext::to_tensor(tensor));
  }
  return tensors;
}

void save(const Tensors& tensors, const std::string& path, bool durable) {
  torch_ext::TensorWriter writer;
  formats::Dict root{.ordered = true};
  root.items.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) root.items.emplace_back(name, writer(tensor));
  formats::write_tensor_file(std::move(root), path, {.durable = durable});
}

/// What no format can beat: the same bytes by write(2).
void save_plain(const Tensors& tensors, const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  for (const auto& [name, tensor] : tensors) {
    const auto* data = static_cast<const char*>(tensor.const_data_ptr());
    for (size_t left = tensor.nbytes(); left > 0;) {
      const ssize_t written = ::write(fd, data, left);
      if (written < 0) throw std::runtime_error("write failed");
      data += written;
      left -= static_cast<size_t>(written);
    }
  }
  ::close(fd);
}

void pickle_save(const Tensors& tensors, const std::string& path) {
  c10::Dict<std::string, at::Tensor> dict;
  for (const auto& [name, tensor] : tensors) dict.insert(name, tensor);
  const auto bytes = torch::pickle_save(dict);
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

c10::IValue pickle_load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return torch::pickle_load(std::vector<char>(std::istreambuf_iterator<char>(file), {}));
}

void save_archive(const Tensors& tensors, const std::string& path) {
  torch::serialize::OutputArchive archive;
  for (const auto& [name, tensor] : tensors) archive.write(name, tensor, true);
  archive.save_to(path);
}

double run(const std::string& work, const std::string& file, const std::string& out) {
  using Work = std::function<std::any()>;
  const std::map<std::string, Work> readers = {
      {"open", [&] { return formats::read_tensor_file(file).root; }},
      {"load", [&] { return load(file); }},
      {"load-unchecked", [&] { return load(file, formats::Verify::kSkip); }},
      {"verify", [&] { return formats::read_tensor_file(file, {.verify = formats::Verify::kNow}).root; }},
      {"pickle-load", [&] { return pickle_load(file); }}};
  if (const auto found = readers.find(work); found != readers.end()) return milliseconds(found->second);

  const Tensors tensors = load(file);
  const std::map<std::string, std::function<void()>> writers = {{"save", [&] { save(tensors, out, false); }},
                                                                {"save-durable", [&] { save(tensors, out, true); }},
                                                                {"save-plain", [&] { save_plain(tensors, out); }},
                                                                {"pickle-save", [&] { pickle_save(tensors, out); }},
                                                                {"archive-save", [&] { save_archive(tensors, out); }}};
  const auto& write = writers.at(work);
  return milliseconds([&] { return write(), std::any(); });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    at::set_num_threads(1);
    if (argc < 3) throw std::invalid_argument("usage: formats-speed WORK FILE [OUT]");
    const double spent = run(argv[1], argv[2], argc > 3 ? argv[3] : "");
    std::cout << spent << ' ' << peak_mib() << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
