#include "libtorch_ext/data/loader/schedule.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include "libtorch_ext/data/samplers/distributed.h"
#include "libtorch_ext/data/samplers/random.h"
#include "libtorch_ext/data/samplers/sequential.h"

namespace torch_ext::loading {
namespace {

uint64_t draw_seed(at::Generator& generator) {
  return static_cast<uint64_t>(at::empty({}, at::kLong).random_(generator).item<int64_t>());
}

at::Generator generator_of(const LoaderOptions& options) {
  if (options.generator) return *options.generator;
  return options.seed ? at::detail::createCPUGenerator(*options.seed) : at::detail::getDefaultCPUGenerator();
}

std::shared_ptr<const Sampler> sampler_of(int64_t samples, const LoaderOptions& options) {
  const bool is_sharded = options.shard.count != 1 || options.shard.index != 0;
  if (options.sampler) {
    if (!is_sharded) return options.sampler;
    return std::make_shared<ShardedSampler>(options.sampler, options.shard, options.drop_last);
  }
  if (is_sharded) {
    return std::make_shared<DistributedSampler>(
        samples, options.shard,
        DistributedOptions{options.shuffle, static_cast<int64_t>(options.seed.value_or(0)), options.drop_last});
  }
  if (options.shuffle) return std::make_shared<RandomSampler>(samples);
  return std::make_shared<SequentialSampler>(samples);
}

void check_indices(const std::vector<int64_t>& indices, int64_t samples) {
  for (const int64_t index : indices) {
    TORCH_CHECK_INDEX(0 <= index && index < samples, "make_loader: the sampler gave the index ", index,
                      ", expected one of the dataset's ", samples, " samples");
  }
}

}  // namespace

Schedule::Schedule(std::optional<int64_t> samples, const LoaderOptions& options)
    : samples_(samples),
      batch_size_(options.batch_size),
      drop_last_(options.drop_last),
      shuffles_globally_(options.shuffle && !options.generator && !options.seed),
      is_own_sampler_(!options.sampler),
      batch_sampler_(options.batch_sampler),
      own_seed_(options.generator ? std::nullopt : options.seed),
      is_global_(!options.generator && !options.seed),
      generator_(generator_of(options)) {
  if (samples_ && !batch_sampler_) sampler_ = sampler_of(*samples_, options);
}

std::optional<int64_t> Schedule::batches() const {
  if (!samples_) return std::nullopt;
  if (batch_sampler_) return batch_sampler_->size();
  return (sampler_->size() + (drop_last_ ? 0 : batch_size_ - 1)) / batch_size_;
}

void Schedule::begin() {
  at::Generator source = resumed_.defined() ? resumed_ : generator_;
  resumed_ = {};
  epoch_ = begun_++;
  epoch_start_ = source.get_state();
  seed_ = draw_seed(source);
  order_generator_ = shuffles_globally_ ? at::detail::createCPUGenerator(draw_seed(source)) : source;
  finished_ = false;
  if (samples_) draw_order();
}

void Schedule::draw_order() {
  auto plan = std::make_shared<Plan>();
  if (batch_sampler_) {
    auto [indices, ends] = batch_sampler_->order(epoch_, order_generator_);
    plan->batches = static_cast<int64_t>(ends.size());
    plan->indices = std::move(indices);
    plan->ends = std::move(ends);
  } else {
    plan->indices = sampler_->order(epoch_, order_generator_);
    plan->batch_size = batch_size_;
    plan->batches = *batches();
  }
  if (!is_own_sampler_ || batch_sampler_) check_indices(plan->indices, *samples_);
  plan_ = std::move(plan);
}

void Schedule::before_batch(int64_t batch) {
  if (finished_ || !samples_) return;
  const bool last_is_short = !batch_sampler_ && !drop_last_ && sampler_->size() % batch_size_ != 0;
  if (batch < plan_->batches - (last_is_short ? 1 : 0)) return;
  batch_sampler_ ? batch_sampler_->finish(order_generator_) : sampler_->finish(order_generator_);
  finished_ = true;
}

LoaderState Schedule::state(bool between) const {
  if (!between) return {epoch_start_, epoch_};
  if (resumed_.defined()) return {resumed_.get_state(), begun_};
  return {is_global_ ? at::Tensor() : generator_.get_state(), begun_};
}

void Schedule::load_state(const LoaderState& state) {
  if (state.generator.defined()) {
    if (is_global_) {
      resumed_ = at::detail::createCPUGenerator();
      resumed_.set_state(state.generator);
    } else {
      generator_.set_state(state.generator);
    }
  }
  begun_ = state.epoch;
}

void Schedule::seek_epoch(int64_t epoch) {
  if (own_seed_) {
    generator_.set_current_seed(*own_seed_);
    begun_ = 0;
    while (begun_ < epoch) {
      begin();
      if (samples_) before_batch(plan_->batches);
    }
  }
  begun_ = epoch;
}

}  // namespace torch_ext::loading
