#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <optional>

#include "libtorch_ext/data/batch.h"

namespace torch_ext::loading {

/// A batch on its way to an accelerator: copied on a stream of its own, so that the copy runs beside the caller's work
/// where the batch lies in page-locked memory.
class DeviceCopy {
 public:
  /// Starts copying.
  DeviceCopy(Batch host, c10::Device device, c10::Stream side_stream);
  /// Waits for the copy: its source is written over afterwards.
  ~DeviceCopy();
  DeviceCopy(const DeviceCopy&) = delete;
  DeviceCopy& operator=(const DeviceCopy&) = delete;

  /// The batch on the device, for work on the calling thread's current stream, which waits for the copy.
  const Batch& get();

  /// A stream for copies to `device`.
  static c10::Stream side_stream(c10::Device device);

 private:
  Batch host_;
  Batch batch_;
  c10::Device device_;
  c10::Event copied_;
};

}  // namespace torch_ext::loading
