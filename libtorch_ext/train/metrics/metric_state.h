#pragma once

#include <ATen/core/Tensor.h>

#include "libtorch_ext/parallel/process_group.h"

/// What the metrics share: running sums that lie where the scores lie, so that `update` waits for no device.
namespace torch_ext::detail {

/// `state` brought to `device`, and to where it can be changed in place: a tensor that was made in inference mode can't
/// be outside of it.
void prepare_state(at::Tensor& state, c10::Device device);

/// The sum of all ranks' `state`, on `state`'s own device.
at::Tensor sum_over(const ProcessGroup& group, const at::Tensor& state);

/// All ranks' rows of `rows`, by rank, of which each may have another number; on `rows`' own device.
at::Tensor rows_over(const ProcessGroup& group, const at::Tensor& rows);

/// Throws a `c10::ValueError` that begins with `metric` unless `scores` is [N, classes] and `target` [N] integers.
/// Returns `target` as int64 on the device of `scores`.
at::Tensor checked_target(const char* metric, const at::Tensor& scores, const at::Tensor& target);

}  // namespace torch_ext::detail
