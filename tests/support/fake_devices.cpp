#include "tests/support/fake_devices.h"

#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>
#include <torch/torch.h>

#include <cstdlib>

namespace torch_ext::testing {
namespace {

constexpr auto kFake = c10::DeviceType::PrivateUse1;
constexpr auto kFakeKeys = c10::DispatchKeySet(c10::DispatchKey::PrivateUse1);

int g_count = 4;
thread_local c10::DeviceIndex t_current = 0;

struct FakeAllocator : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    void* memory = std::malloc(bytes ? bytes : 1);
    return {memory, memory, &std::free, c10::Device(kFake, t_current)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &std::free; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
};
FakeAllocator g_allocator;

struct FakeGuard : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kFake; }
  c10::Device exchangeDevice(c10::Device device) const override {
    return {kFake, std::exchange(t_current, device.index())};
  }
  c10::Device getDevice() const override { return {kFake, t_current}; }
  void setDevice(c10::Device device) const override { t_current = device.index(); }
  void uncheckedSetDevice(c10::Device device) const noexcept override { t_current = device.index(); }
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream getDefaultStream(c10::Device device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void synchronizeDevice(c10::DeviceIndex) const override {}
  c10::DeviceIndex deviceCount() const noexcept override { return static_cast<c10::DeviceIndex>(g_count); }
};

struct FakeHooks : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return static_cast<c10::DeviceIndex>(g_count); }
  c10::DeviceIndex getCurrentDevice() const override { return t_current; }
  void setCurrentDevice(c10::DeviceIndex device) const override { t_current = device; }
  c10::Allocator* getPinnedMemoryAllocator() const override { return c10::GetAllocator(c10::kCPU); }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
};

bool is_fake(const at::Tensor& tensor) { return tensor.defined() && tensor.device().type() == kFake; }

// A tensor of other keys over the same memory, of the same shape.
at::Tensor alias(const at::Tensor& tensor, c10::Storage storage, c10::DispatchKeySet keys, int64_t offset) {
  auto result = at::detail::make_tensor<at::TensorImpl>(std::move(storage), keys, tensor.dtype());
  result.unsafeGetTensorImpl()->set_sizes_and_strides(tensor.sizes(), tensor.strides());
  result.unsafeGetTensorImpl()->set_storage_offset(offset);
  return result;
}

// A view of `source` that is shaped as `shape` is. Its keys are the source's, whose they stay in inference mode, too.
at::Tensor view_of(const at::Tensor& source, const at::Tensor& shape) {
  auto storage = source.storage();
  auto result = at::detail::make_tensor<at::TensorImpl>(at::TensorImpl::VIEW, std::move(storage), source.key_set(),
                                                        source.dtype());
  result.unsafeGetTensorImpl()->set_sizes_and_strides(shape.sizes(), shape.strides());
  result.unsafeGetTensorImpl()->set_storage_offset(shape.storage_offset());
  return result;
}

// The same memory as the CPU sees it. Keeps the fake storage alive.
at::Tensor on_cpu(const at::Tensor& tensor) {
  if (!is_fake(tensor)) return tensor;
  auto* keep = new c10::Storage(tensor.storage());
  c10::DataPtr memory(
      keep->mutable_data(), keep, [](void* kept) { delete static_cast<c10::Storage*>(kept); }, c10::kCPU);
  c10::Storage storage(c10::Storage::use_byte_size_t(), keep->nbytes(), std::move(memory), nullptr, false);
  return alias(tensor, std::move(storage), c10::DispatchKeySet(c10::DispatchKey::CPU), tensor.storage_offset());
}

at::Tensor copied_to(const at::Tensor& tensor, c10::Device device) {
  if (!tensor.defined() || is_fake(tensor)) return tensor;
  const c10::DeviceGuard guard(device);
  const at::Tensor result = at::detail::empty_strided_generic(tensor.sizes(), tensor.strides(), &g_allocator, kFakeKeys,
                                                              tensor.scalar_type());
  if (tensor.numel() > 0) on_cpu(result).copy_(tensor);
  return result;
}

// Runs an operator on the CPU, over the same memory.
void on_the_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const size_t arity = schema.arguments().size();
  const size_t begin = stack->size() - arity;
  std::vector<c10::IValue> originals(stack->begin() + static_cast<std::ptrdiff_t>(begin), stack->end());
  c10::Device device(kFake, t_current);
  for (const auto& value : originals) {
    if (value.isTensor() && is_fake(value.toTensor())) device = value.toTensor().device();
    if (value.isTensorList() && !value.toTensorVector().empty() && is_fake(value.toTensorVector()[0])) {
      device = value.toTensorVector()[0].device();
    }
  }
  for (size_t i = 0; i < arity; ++i) {
    auto& value = (*stack)[begin + i];
    if (value.isTensor()) {
      value = on_cpu(value.toTensor());
    } else if (value.isTensorList()) {
      std::vector<at::Tensor> tensors;
      for (const auto& tensor : value.toTensorVector()) tensors.push_back(on_cpu(tensor));
      value = tensors;
    } else if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> tensors;
      for (const auto& tensor : value.toOptionalTensorVector()) {
        tensors.push_back(tensor ? std::optional(on_cpu(*tensor)) : std::nullopt);
      }
      value = tensors;
    } else if (value.isDevice()) {
      if (value.toDevice().type() == kFake) device = value.toDevice();
      value = c10::Device(c10::kCPU);
    }
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  const size_t results = schema.returns().size();
  for (size_t i = 0; i < results; ++i) {
    auto& value = (*stack)[stack->size() - results + i];
    if (value.isTensorList()) {
      std::vector<at::Tensor> tensors;
      for (const auto& tensor : value.toTensorVector()) tensors.push_back(copied_to(tensor, device));
      value = tensors;
    }
    if (!value.isTensor() || !value.toTensor().defined()) continue;
    const auto* shares = schema.returns()[i].alias_info();
    const at::Tensor* source = nullptr;
    for (size_t a = 0; shares && a < arity; ++a) {
      const auto* mine = schema.arguments()[a].alias_info();
      if (mine && mine->beforeSets() == shares->beforeSets()) source = &originals[a].toTensor();
    }
    if (source && shares->isWrite()) {
      value = *source;
    } else if (source && is_fake(*source)) {
      value = view_of(*source, value.toTensor());
    } else {
      value = copied_to(value.toTensor(), device);
    }
  }
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_generic(size, &g_allocator, kFakeKeys, c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_strided_generic(size, stride, &g_allocator, kFakeKeys, c10::dtype_or_default(dtype));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

bool has_compatible_shallow_copy_type(const at::Tensor& self, const at::Tensor& from) {
  return self.device().type() == from.device().type() || self.is_cpu() || from.is_cpu();
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  return copied_to(at::convolution(on_cpu(input), on_cpu(weight), bias ? std::optional(on_cpu(*bias)) : std::nullopt,
                                   stride, padding, dilation, transposed, output_padding, groups),
                   input.device());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(const at::Tensor& gradient, const at::Tensor& input,
                                                                    const at::Tensor& weight, at::IntArrayRef stride,
                                                                    at::IntArrayRef padding, at::IntArrayRef dilation,
                                                                    bool transposed, at::IntArrayRef output_padding,
                                                                    int64_t groups, std::array<bool, 3> mask) {
  const auto [to_input, to_weight, to_bias] =
      at::convolution_backward(on_cpu(gradient), on_cpu(input), on_cpu(weight), at::IntArrayRef{weight.size(0)}, stride,
                               padding, dilation, transposed, output_padding, groups, mask);
  const auto device = input.device();
  return {copied_to(to_input, device), copied_to(to_weight, device), copied_to(to_bias, device)};
}

FakeGuard g_guard;
C10_REGISTER_GUARD_IMPL(PrivateUse1, FakeGuard);

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_cpu>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_has_compatible_shallow_copy_type", &has_compatible_shallow_copy_type);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolution_backward);
}

}  // namespace

void use_fake_devices(int count) {
  static const bool registered = [] {
    static FakeHooks hooks;
    c10::register_privateuse1_backend("fake");
    c10::SetAllocator(kFake, &g_allocator);
    at::RegisterPrivateUse1HooksInterface(&hooks);
    return true;
  }();
  (void)registered;
  g_count = count;
}

c10::Device fake(int index) { return {kFake, static_cast<c10::DeviceIndex>(index)}; }

}  // namespace torch_ext::testing
