#pragma once

#include <c10/core/Device.h>

namespace torch_ext::testing {

/// Makes `count` devices, fake:0 …, whose memory is the host's and whose operations the CPU does: what works on several
/// GPUs can be tested without one. They have no streams and no peer access. May be called again, with another count.
void use_fake_devices(int count);

c10::Device fake(int index);

}  // namespace torch_ext::testing
