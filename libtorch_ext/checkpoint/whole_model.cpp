#include "libtorch_ext/checkpoint/whole_model.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/layer.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {
namespace {

using formats::Dict;
using formats::PythonModule;

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

CheckpointError error_at(const std::string& file, const std::string& path, const std::string& problem) {
  return CheckpointError(file, path.empty() ? problem : "at " + path + ": " + problem);
}

/// Puts the default generator back to where it was: LibTorch's constructors draw initial weights.
class KeepGenerator {
 public:
  KeepGenerator() {
    state_ = with_lock([this] { return generator_.get_state(); });
  }
  ~KeepGenerator() {
    with_lock([this] {
      generator_.set_state(state_);
      return state_;
    });
  }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  template <typename Work>
  at::Tensor with_lock(Work work) {
    const std::lock_guard lock(generator_.mutex());
    return work();
  }

  at::Generator generator_ = at::detail::getDefaultCPUGenerator();
  at::Tensor state_;
};

/// A parameter that stands in the model twice comes as two equal views of one storage.
using ViewKey =
    std::tuple<const formats::Storage*, formats::DType, int64_t, std::vector<int64_t>, std::vector<int64_t>, bool>;

/// Builds modules from what a file holds, each once.
class Builder {
 public:
  explicit Builder(const std::string& file) : file_(file) {}

  TensorModule build(const Value& value, const std::string& path) {
    const void* id = value.identity();
    if (const auto known = built_.find(id); known != built_.end()) return known->second;
    if (!building_.insert(id).second) throw error_at(file_, path, "the module contains itself");
    const TensorModule module = build_new(value, path);
    building_.erase(id);
    return built_.emplace(id, module).first->second;
  }

 private:
  TensorModule build_new(const Value& value, const std::string& path);
  TensorModule build_sequential(const PythonModule& python, const std::string& path);
  TensorModule build_layer(const PythonModule& python);
  void fill(torch::nn::Module& module, const detail::Layer& layer, const PythonModule& python);
  at::Tensor view(const formats::Tensor& value);
  at::Tensor parameter(const formats::Tensor& value);

  const std::string& file_;
  std::unordered_map<const void*, TensorModule> built_;
  std::unordered_set<const void*> building_;
  std::unordered_map<const formats::Storage*, at::Storage> storages_;
  std::map<ViewKey, at::Tensor> parameters_;
};

bool is_training(const PythonModule& python) {
  const Value* training = python.attribute("training");
  const auto* truth = training ? training->as<bool>() : nullptr;
  return !truth || *truth;
}

bool has_hooks(const PythonModule& python) {
  for (const char* kind : {"_forward_hooks", "_forward_pre_hooks"}) {
    const Value* hooks = python.attribute(kind);
    const auto* dict = hooks ? hooks->as<Dict>() : nullptr;
    if (dict && !dict->items.empty()) return true;
  }
  return false;
}

bool is_wrapper(const PythonModule& python) {
  return python.type().module.starts_with("torch.nn.parallel.") &&
         (python.class_name() == "DataParallel" || python.class_name() == "DistributedDataParallel");
}

std::string class_path(const PythonModule& python) { return python.type().module + "." + python.type().name; }

TensorModule Builder::build_new(const Value& value, const std::string& path) {
  try {
    const PythonModule python(value);
    if (has_hooks(python)) {
      throw std::invalid_argument(class_path(python) +
                                  " has forward hooks (weight_norm, spectral_norm, …), which the file doesn't hold; "
                                  "remove them in Python before saving");
    }
    if (python.is("Sequential") || is_wrapper(python)) return build_sequential(python, path);
    return build_layer(python);
  } catch (const std::invalid_argument& error) {
    throw error_at(file_, path, error.what());
  } catch (const formats::FormatError& error) {
    throw error_at(file_, path, error.what());
  } catch (const CheckpointError&) {
    throw;
  } catch (const c10::Error& error) {
    throw error_at(file_, path, error.what_without_backtrace());
  }
}

TensorModule Builder::build_sequential(const PythonModule& python, const std::string& path) {
  Sequential sequential;
  sequential->train(is_training(python));
  for (const auto& [name, child] : python.children()) {
    sequential->push_back(std::string(name), build(*child, below(path, name)));
  }
  return sequential;
}

TensorModule Builder::build_layer(const PythonModule& python) {
  constexpr const char* kInstead = "; load its weights into your own module with load_state_dict";
  const bool is_of_torch_nn = python.is(python.class_name());
  const detail::Layer* layer = is_of_torch_nn ? detail::layer_of(python.class_name()) : nullptr;
  if (!layer) {
    throw std::invalid_argument(class_path(python) +
                                (is_of_torch_nn ? " has no LibTorch namesake that maps a tensor to a tensor"
                                                : " is not one of torch.nn's containers or layers") +
                                kInstead);
  }
  TensorModule module = layer->build(python);
  module.ptr()->train(is_training(python));
  fill(*module.ptr(), *layer, python);
  return module;
}

/// Views of one storage share it, as in Python.
at::Tensor Builder::view(const formats::Tensor& value) {
  at::Storage& storage = storages_[value.storage.get()];
  if (!storage) {
    const auto bytes = value.storage->bytes();
    const at::Tensor memory = torch::empty({static_cast<int64_t>(bytes.size())}, torch::kByte);
    std::ranges::copy(bytes, static_cast<std::byte*>(memory.data_ptr()));
    storage = memory.storage();
  }
  return torch::empty({0}, value.dtype).set_(storage, value.storage_offset, value.shape, value.stride);
}

at::Tensor Builder::parameter(const formats::Tensor& value) {
  const ViewKey key(value.storage.get(), value.dtype, value.storage_offset, value.shape, value.stride,
                    value.requires_grad);
  const auto [known, is_new] = parameters_.try_emplace(key);
  if (is_new) known->second = view(value).requires_grad_(value.requires_grad);
  return known->second;
}

void Builder::fill(torch::nn::Module& module, const detail::Layer& layer, const PythonModule& python) {
  const auto refuse = [](std::string_view name) {
    throw std::invalid_argument("has " + std::string(name) + ", which LibTorch's class lacks");
  };
  for (const auto& [name, value] : python.parameters()) {
    const std::string key(name);
    const auto* tensor = value->as<formats::Tensor>();
    if (!detail::Registered::parameters_of(module).contains(key)) {
      if (tensor) refuse(name);
    } else {
      layer.set_parameter(module, key, tensor ? parameter(*tensor) : at::Tensor());
    }
  }
  auto buffers = module.named_buffers(/*recurse=*/false);
  for (const auto& [name, value] : python.buffers()) {
    const auto* tensor = value->as<formats::Tensor>();
    if (!tensor) continue;
    auto* buffer = buffers.find(std::string(name));
    if (!buffer) refuse(name);
    buffer->set_data(view(*tensor));
  }
}

/// Python's `torch.nn.Module.__init__`: the attributes that every module has, in their order.
Dict new_attributes(bool is_training, Dict parameters, Dict buffers, Dict modules) {
  const Dict hooks{.ordered = true};
  Dict state;
  state.set("training", is_training);
  state.set("_parameters", std::move(parameters));
  state.set("_buffers", std::move(buffers));
  state.set("_non_persistent_buffers_set",
            formats::Object{.type = {"builtins", "set"},
                            .args = std::make_shared<formats::Tuple>(formats::Tuple{{formats::List()}})});
  state.set("_backward_pre_hooks", hooks);
  state.set("_backward_hooks", hooks);
  state.set("_is_full_backward_hook", formats::None());
  for (const char* kind : {"_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
                           "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_state_dict_hooks",
                           "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"}) {
    state.set(kind, hooks);
  }
  state.set("_modules", std::move(modules));
  return state;
}

/// Turns modules into what Python would pickle, each once.
class Describer {
 public:
  explicit Describer(TensorWriter& writer) : writer_(writer) {}

  Value describe(const torch::nn::Module& module, const std::string& path);

 private:
  Dict parameters(const torch::nn::Module& module);
  Dict buffers(const torch::nn::Module& module);

  TensorWriter& writer_;
  std::unordered_map<const torch::nn::Module*, Value> described_;
};

Dict Describer::parameters(const torch::nn::Module& module) {
  Dict dict;
  for (const auto& item : detail::Registered::parameters_of(const_cast<torch::nn::Module&>(module))) {
    Value value;
    if (item.value().defined()) {
      formats::Tensor tensor = writer_(item.value());
      tensor.is_parameter = true;
      tensor.requires_grad = item.value().requires_grad();
      value = std::move(tensor);
    }
    dict.set(item.key(), std::move(value));
  }
  return dict;
}

Dict Describer::buffers(const torch::nn::Module& module) {
  Dict dict;
  for (const auto& item : module.named_buffers(/*recurse=*/false)) dict.set(item.key(), writer_(item.value()));
  return dict;
}

Value Describer::describe(const torch::nn::Module& module, const std::string& path) {
  if (const auto known = described_.find(&module); known != described_.end()) return known->second;
  const bool is_sequential =
      typeid(module) == typeid(SequentialImpl) || typeid(module) == typeid(torch::nn::SequentialImpl);
  const detail::Layer* layer = is_sequential ? nullptr : detail::layer_of(module);
  if (!is_sequential && !layer) {
    throw error_at("", path,
                   c10::demangle(typeid(module).name()) +
                       " is not a Sequential or a layer that Python's torch.nn has, too; save its "
                       "state_dict instead");
  }
  Dict modules;
  for (const auto& child : module.named_children()) {
    modules.set(child.key(), describe(*child.value(), below(path, child.key())));
  }
  Dict buffers_of = buffers(module), own;
  if (layer) layer->write(module, own, buffers_of);
  Dict state = new_attributes(module.is_training(), parameters(module), std::move(buffers_of), std::move(modules));
  for (auto& [name, value] : own.items) state.items.emplace_back(std::move(name), std::move(value));

  formats::Object object;
  object.type = is_sequential ? formats::Global{"torch.nn.modules.container", "Sequential"} : layer->type;
  object.made = formats::Object::Made::kNewObj;
  object.args = std::make_shared<formats::Tuple>();
  object.state = std::make_shared<Value>(std::move(state));
  return described_.emplace(&module, std::move(object)).first->second;
}

}  // namespace

TensorModule build_module(const LoadedFile& source) {
  const Value* model = formats::find_module(source.root);
  if (!model) {
    throw CheckpointError(source.path, "found a " + source.root.type_name() +
                                           ", expected a model as torch.save(model) writes it; load a state_dict with "
                                           "load_state_dict");
  }
  const KeepGenerator keep_generator;
  const torch::NoGradGuard no_grad;
  return Builder(source.path).build(*model, "");
}

Value module_value(const torch::nn::Module& module, TensorWriter& writer) {
  return Describer(writer).describe(module, "");
}

void save_module(const torch::nn::Module& module, const std::string& path) {
  TensorWriter writer;
  save(module_value(module, writer), path);
}

}  // namespace torch_ext
