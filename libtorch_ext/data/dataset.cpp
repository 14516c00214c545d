#include "libtorch_ext/data/dataset.h"

#include <ATen/Functions.h>

#include <cstring>

#include "libtorch_ext/data/shape_error.h"

namespace torch_ext {
namespace {

// The rows' memory in `batch`, whose tensors are contiguous.
std::vector<Rows::Column> columns_of(const std::vector<at::Tensor>& tensors, const std::vector<Field>& fields) {
  std::vector<Rows::Column> columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    columns.push_back({static_cast<std::byte*>(tensors[i].data_ptr()), nbytes(fields[i])});
  }
  return columns;
}

std::vector<at::Tensor> read_rows(const Dataset& dataset, const std::vector<Field>& fields,
                                  std::span<const int64_t> indices, uint64_t seed) {
  std::vector<at::Tensor> tensors;
  for (const Field& field : fields) {
    std::vector<int64_t> shape{static_cast<int64_t>(indices.size())};
    shape.insert(shape.end(), field.shape.begin(), field.shape.end());
    tensors.push_back(at::empty(shape, field.dtype));
  }
  dataset.read(Rows(indices, columns_of(tensors, fields), seed));
  return tensors;
}

}  // namespace

std::string name_or_index(const Dataset& dataset, int64_t index) {
  const std::string name = dataset.name(index);
  return name.empty() ? c10::str("sample ", index) : name;
}

Sample Dataset::get(int64_t index, Random& random) const {
  const auto all = fields();
  TORCH_CHECK_NOT_IMPLEMENTED(!all.empty(), "a Dataset needs get(), or fields() and read(); found neither");
  Sample sample = read_rows(*this, all, std::span(&index, 1), (uint64_t{random.next()} << 32) | random.next());
  for (auto& tensor : sample) tensor = tensor.squeeze(0);
  return sample;
}

void Dataset::read(const Rows& rows) const {
  const auto all = fields();
  for (int64_t row = 0; row < rows.size(); ++row) {
    Random random = rows.random(row);
    const Sample sample = get(rows.index(row), random);
    TORCH_CHECK_VALUE(sample.size() == all.size(), "found a sample of ", sample.size(), " tensors, expected ",
                      all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      TORCH_CHECK_VALUE(sample[i].sizes() == all[i].shape && sample[i].scalar_type() == all[i].dtype, "field \"",
                        all[i].name, "\": found ", sample[i].scalar_type(), sample[i].sizes(), ", expected ",
                        all[i].dtype, at::IntArrayRef(all[i].shape));
      std::memcpy(rows.at<std::byte>(i, row), sample[i].contiguous().const_data_ptr(), nbytes(all[i]));
    }
  }
}

Batch default_collate(const std::vector<Sample>& samples) {
  TORCH_CHECK_VALUE(!samples.empty(), "default_collate: found no samples");
  Batch batch;
  const size_t fields = samples.front().size();
  if (fields > 2) batch.more.resize(fields - 2);
  std::vector<at::Tensor> tensors(samples.size());
  for (size_t field = 0; field < fields; ++field) {
    for (size_t i = 0; i < samples.size(); ++i) {
      TORCH_CHECK_VALUE(samples[i].size() == fields, "default_collate: found a sample of ", samples[i].size(),
                        " tensors, expected ", fields, " as in the batch's first");
      const auto found = samples[i][field].sizes();
      const auto expected = samples.front()[field].sizes();
      if (found != expected) {
        throw ShapeError({field, i, found.vec(), expected.vec()}, c10::str("the batch's sample ", i), "its sample 0");
      }
      tensors[i] = samples[i][field];
    }
    batch[field] = at::stack(tensors);
  }
  return batch;
}

Batch get_batch(const Dataset& dataset, std::span<const int64_t> indices, uint64_t seed) {
  for (const int64_t index : indices) {
    TORCH_CHECK_INDEX(0 <= index && index < dataset.size(), "sample ", index, " of ", dataset.size());
  }
  if (const auto fields = dataset.fields(); !fields.empty()) {
    auto tensors = read_rows(dataset, fields, indices, seed);
    Batch batch;
    if (fields.size() > 2) batch.more.resize(fields.size() - 2);
    for (size_t i = 0; i < tensors.size(); ++i) batch[i] = std::move(tensors[i]);
    return batch;
  }
  std::vector<Sample> samples;
  for (const int64_t index : indices) {
    Random random(seed, static_cast<uint64_t>(index));
    samples.push_back(dataset.get(index, random));
  }
  try {
    return default_collate(samples);
  } catch (const ShapeError& error) {
    const auto name = [&](size_t sample) { return name_or_index(dataset, indices[sample]); };
    throw ShapeError(error.mismatch(), name(error.mismatch().sample), name(0));
  }
}

}  // namespace torch_ext
