#pragma once

#include "libtorch_ext/data/loader_options.h"

namespace torch_ext {

/// A `LoaderOptions::collate` for samples of different lengths: tensors [length, …] of a field are padded at their end
/// with `padding_value` to the batch's longest, [batch, longest, …], as by Python's
/// `torch.nn.utils.rnn.pad_sequence(batch_first=True)`. Fields without a dimension are stacked. A field that tells the
/// lengths is the dataset's to give.
///
/// Samples that differ in anything but their first dimension are a `SampleError` of their batch.
///
///     auto sampler = std::make_shared<tx::GroupedByLength>(lengths, 32);   // little to pad
///     tx::make_loader(texts, {.batch_size = 32, .sampler = sampler, .collate = tx::pad_collate()});
Collate pad_collate(double padding_value = 0);

}  // namespace torch_ext
