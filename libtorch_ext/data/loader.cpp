#include "libtorch_ext/data/loader.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

namespace {

std::vector<int64_t> epoch_order(int64_t size, bool shuffle, at::Generator& generator) {
  torch::empty({}, torch::kInt64).random_(generator);  // the base seed
  std::vector<int64_t> order(static_cast<size_t>(size));
  if (shuffle) {
    const at::Tensor permutation = torch::randperm(size, generator, torch::kInt64);
    torch::randperm(size, generator, torch::kInt64);
    std::copy_n(permutation.data_ptr<int64_t>(), size, order.begin());
  } else {
    std::iota(order.begin(), order.end(), int64_t{0});
  }
  return order;
}

}  // namespace

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
    : dataset_(std::move(dataset)), options_(options), generator_(at::detail::createCPUGenerator()) {
  TORCH_CHECK_VALUE(dataset_, "make_loader: found no dataset");
  TORCH_CHECK_VALUE(options_.batch_size > 0, "make_loader: found batch_size = ", options_.batch_size,
                    ", expected a positive number");
  seek_epoch(0);
}

int64_t DataLoader::size() const {
  const int64_t rounded_up = options_.drop_last ? 0 : options_.batch_size - 1;
  return (dataset_->size() + rounded_up) / options_.batch_size;
}

DataLoader::Iterator DataLoader::begin() {
  if (!resumed_) next_batch_ = 0;
  resumed_ = false;
  epoch_start_ = generator_.get_state();
  order_ = epoch_order(dataset_->size(), options_.shuffle, generator_);
  return Iterator(*this);
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  DataLoader& loader = *loader_;
  batch_ = {};
  if (loader.next_batch_ >= loader.size()) {
    loader.next_batch_ = 0;
    return *this;
  }
  const int64_t first = loader.next_batch_ * loader.options_.batch_size;
  const int64_t count = std::min(loader.options_.batch_size, loader.dataset_->size() - first);
  batch_ = get_batch(*loader.dataset_,
                     std::span(loader.order_).subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
  ++loader.next_batch_;
  return *this;
}

LoaderState DataLoader::state() const {
  if (next_batch_ > 0) return {epoch_start_, next_batch_};
  return {generator_.get_state(), 0};
}

void DataLoader::load_state(const LoaderState& state) {
  TORCH_CHECK_VALUE(0 <= state.batch && state.batch <= size(), "found the position ", state.batch,
                    ", expected one from 0 to the ", size(), " batches of an epoch");
  generator_.set_state(state.generator);
  epoch_start_ = state.generator;
  next_batch_ = state.batch;
  resumed_ = true;
}

void DataLoader::seek_epoch(int64_t epoch) {
  generator_.set_current_seed(options_.seed);
  for (int64_t i = 0; i < epoch; ++i) epoch_order(dataset_->size(), options_.shuffle, generator_);
  next_batch_ = 0;
}

std::shared_ptr<DataLoader> make_loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options) {
  return std::make_shared<DataLoader>(std::move(dataset), options);
}

}  // namespace torch_ext
