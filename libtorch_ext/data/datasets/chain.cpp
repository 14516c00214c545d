#include "libtorch_ext/data/datasets/chain.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "libtorch_ext/data/samplers/distributed.h"

namespace torch_ext {
namespace {

at::Tensor number(int64_t value) { return at::scalar_tensor(value, at::kLong); }
int64_t number(const at::Tensor& tensor) { return *tensor.const_data_ptr<int64_t>(); }

class ChainStream : public SampleStream {
 public:
  ChainStream(std::vector<std::shared_ptr<const StreamDataset>> datasets, int64_t epoch, Shard shard)
      : datasets_(std::move(datasets)), epoch_(epoch), shard_(shard) {}

  std::optional<Sample> next() override {
    for (; dataset_ < datasets_.size(); ++dataset_, stream_.reset()) {
      if (!stream_) stream_ = datasets_[dataset_]->open(epoch_, shard_);
      if (auto sample = stream_->next()) {
        sample->push_back(number(static_cast<int64_t>(dataset_)));
        return sample;
      }
    }
    return std::nullopt;
  }

 private:
  std::vector<std::shared_ptr<const StreamDataset>> datasets_;
  int64_t epoch_;
  Shard shard_;
  size_t dataset_ = 0;
  std::unique_ptr<SampleStream> stream_;
};

class IndexStream : public SampleStream {
 public:
  IndexStream(int64_t size, const Shard& shard) : size_(size), next_(shard.index), step_(shard.count) {}

  std::optional<Sample> next() override {
    if (next_ >= size_) return std::nullopt;
    const int64_t index = next_;
    next_ += step_;
    return Sample{number(index)};
  }
  void skip(int64_t count) override { next_ += std::min(count, size_) * step_; }

 private:
  int64_t size_;
  int64_t next_;
  int64_t step_;
};

class DatasetAsStream : public StreamDataset {
 public:
  explicit DatasetAsStream(std::shared_ptr<const Dataset> dataset) : dataset_(std::move(dataset)) {}

  std::unique_ptr<SampleStream> open(int64_t, const Shard& shard) const override {
    check_shard(shard, "stream");
    return std::make_unique<IndexStream>(dataset_->size(), shard);
  }
  Sample finish(Sample sample, Random& random) const override { return dataset_->get(number(sample.front()), random); }

 private:
  std::shared_ptr<const Dataset> dataset_;
};

}  // namespace

ChainDataset::ChainDataset(std::vector<std::shared_ptr<const StreamDataset>> datasets)
    : datasets_(std::move(datasets)) {
  for (const auto& dataset : datasets_) TORCH_CHECK_VALUE(dataset, "ChainDataset: found a null pointer");
}

std::unique_ptr<SampleStream> ChainDataset::open(int64_t epoch, const Shard& shard) const {
  return std::make_unique<ChainStream>(datasets_, epoch, shard);
}

Sample ChainDataset::finish(Sample sample, Random& random) const {
  const auto dataset = static_cast<size_t>(number(sample.back()));
  sample.pop_back();
  return datasets_.at(dataset)->finish(std::move(sample), random);
}

std::shared_ptr<StreamDataset> stream(std::shared_ptr<const Dataset> dataset) {
  TORCH_CHECK_VALUE(dataset, "stream: found no dataset");
  return std::make_shared<DatasetAsStream>(std::move(dataset));
}

}  // namespace torch_ext
