#include "libtorch_ext/data/loader/device_copy.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace torch_ext::loading {
namespace {

template <class Function>
void for_each_tensor(Batch& batch, Function function) {
  const size_t fields = batch.target.defined() ? 2 + batch.more.size() : 1;
  for (size_t i = 0; i < fields; ++i) function(batch[i]);
}

}  // namespace

c10::Stream DeviceCopy::side_stream(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

DeviceCopy::DeviceCopy(Batch host, c10::Device device, c10::Stream side_stream)
    : host_(std::move(host)), batch_(host_), device_(device), copied_(device.type()) {
  const c10::StreamGuard guard(side_stream);
  for_each_tensor(batch_, [&](at::Tensor& tensor) { tensor = tensor.to(device, /*non_blocking=*/true); });
  copied_.record(side_stream);
}

DeviceCopy::~DeviceCopy() { copied_.synchronize(); }

const Batch& DeviceCopy::get() {
  const c10::Stream current = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  copied_.block(current);
  for_each_tensor(batch_, [&](at::Tensor& tensor) { tensor.record_stream(current); });
  return batch_;
}

}  // namespace torch_ext::loading
