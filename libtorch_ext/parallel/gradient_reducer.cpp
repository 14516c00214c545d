#include "libtorch_ext/parallel/gradient_reducer.h"

#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/distributed/c10d/logger.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#include <torch/torch.h>

#include <limits>
#include <set>

#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/parallel/c10d.h"

namespace torch_ext {
namespace {

constexpr double kMiB = 1 << 20;

using GroupPtr = c10::intrusive_ptr<c10d::ProcessGroup>;
using Accumulators = std::vector<std::shared_ptr<torch::autograd::Node>>;

// As Python's bf16_compress_hook: divided before it is sent, so that sums don't overflow.
class BFloat16Hook : public c10d::CppCommHookInterface<GroupPtr> {
 public:
  using CppCommHookInterface::CppCommHookInterface;

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    std::vector<at::Tensor> compressed = {bucket.getBuffer().to(torch::kBFloat16).div_(state_->getSize())};
    return state_->allreduce(compressed)
        ->getFuture()
        ->then(
            [buffer = bucket.getBuffer()](c10::ivalue::Future& sum) {
              buffer.copy_(sum.value().toTensorVector()[0]);
              return c10::IValue(buffer);
            },
            c10::ListType::ofTensors());
  }
};

// Hands tensors through, and tells the reducer when backward begins: gradients that stay undefined stay so.
struct Sink : torch::autograd::Function<Sink> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, at::TensorList inputs,
                                                int64_t on_backward) {
    context->set_materialize_grads(false);
    context->saved_data["on_backward"] = on_backward;
    torch::autograd::variable_list outputs;
    for (const auto& input : inputs) outputs.push_back(input.clone());
    return outputs;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto* on_backward = reinterpret_cast<std::function<void()>*>(context->saved_data["on_backward"].toInt());
    (*on_backward)();
    gradients.emplace_back();
    return gradients;
  }
};

std::vector<bool> expects_sparse_gradients(const torch::nn::Module& module, const std::vector<at::Tensor>& parameters) {
  std::set<const c10::TensorImpl*> sparse;
  for (const auto& layer : modules(module)) {
    const auto* embedding = dynamic_cast<const torch::nn::EmbeddingImpl*>(layer.get());
    if (embedding && embedding->options.sparse()) sparse.insert(embedding->weight.unsafeGetTensorImpl());
    const auto* bag = dynamic_cast<const torch::nn::EmbeddingBagImpl*>(layer.get());
    if (bag && bag->options.sparse()) sparse.insert(bag->weight.unsafeGetTensorImpl());
  }
  std::vector<bool> expects;
  for (const auto& parameter : parameters) expects.push_back(sparse.count(parameter.unsafeGetTensorImpl()) > 0);
  return expects;
}

std::vector<at::Tensor> trained_parameters(const torch::nn::Module& module) {
  std::vector<at::Tensor> trained;
  for (const auto& parameter : parameters(module)) {
    if (parameter.requires_grad()) trained.push_back(parameter);
  }
  return trained;
}

Accumulators accumulators_of(const std::vector<at::Tensor>& parameters) {
  Accumulators accumulators;
  for (const auto& parameter : parameters) accumulators.push_back(torch::autograd::impl::grad_accumulator(parameter));
  return accumulators;
}

}  // namespace

struct GradientReducer::State {
  std::shared_ptr<torch::nn::Module> module;
  ProcessGroup group;
  DistributedDataParallelOptions options;

  std::vector<at::Tensor> parameters;
  Accumulators accumulators;
  std::shared_ptr<c10d::Reducer> reducer;
  std::shared_ptr<c10d::Logger> logger;  // without which the search for unused parameters crashes
  std::function<void()> on_backward;

  bool backward_sync = true;  // Python's require_backward_grad_sync
  bool forward_sync = true;   // Python's require_forward_param_sync
  bool static_graph_begun = false;
  std::optional<JoinOptions> joining;

  const GroupPtr& c10d() const { return group.state().c10d; }

  template <typename Work>
  auto guarded(const char* what, Work&& work) const {
    return as_process_group_error(group.state(), what, std::forward<Work>(work));
  }

  void check_module() const {
    if (parameters.empty()) {
      throw ProcessGroupError(
          "DistributedDataParallel: found no parameter that requires a gradient, expected one: there is nothing to "
          "average");
    }
    std::set<c10::DeviceType> types;
    for (const auto& parameter : torch_ext::parameters(*module)) types.insert(parameter.device().type());
    if (types.size() > 1) {
      throw ProcessGroupError("DistributedDataParallel: found parameters on devices of " +
                              std::to_string(types.size()) + " types, expected one type");
    }
  }

  void broadcast_module(int source) const {
    auto tensors = torch_ext::parameters(*module);
    if (options.broadcast_buffers) {
      for (const auto& buffer : buffers(*module)) tensors.push_back(buffer);
    }
    group.broadcast(tensors, source);
  }

  // Sizes of the first buckets. Before the first backward tells in which order gradients come, one takes all.
  std::vector<size_t> first_bucket_sizes() const {
    if (options.static_graph || !options.find_unused_parameters) return {std::numeric_limits<int64_t>::max()};
    if (options.bucket_cap_mb) return {bucket_bytes()};
    return {c10d::kDefaultFirstBucketBytes, bucket_bytes()};
  }

  size_t bucket_bytes() const { return static_cast<size_t>(options.bucket_cap_mb.value_or(25) * kMiB); }

  void build() {
    const auto sparse = expects_sparse_gradients(*module, parameters);
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(parameters, first_bucket_sizes(), sparse));
    std::reverse(buckets.begin(), buckets.end());
    const auto first_bytes =
        options.bucket_cap_mb ? static_cast<int64_t>(bucket_bytes()) : int64_t{c10d::kDefaultFirstBucketBytes};
    reducer = std::make_shared<c10d::Reducer>(
        parameters, std::move(buckets), c10d(), sparse, static_cast<int64_t>(bucket_bytes()),
        options.find_unused_parameters, options.gradient_as_bucket_view, std::unordered_map<size_t, std::string>{},
        first_bytes, /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<int64_t>{});
    logger = std::make_shared<c10d::Logger>(reducer);
    reducer->set_logger(logger);
    accumulators = accumulators_of(parameters);
    if (options.static_graph) reducer->set_static_graph();
    static_graph_begun = false;
    if (options.compression == GradientCompression::kFloat16) {
      reducer->register_builtin_comm_hook(c10d::BuiltinCommHookType::FP16_COMPRESS);
    } else if (options.compression == GradientCompression::kBFloat16) {
      reducer->register_comm_hook(std::make_unique<BFloat16Hook>(c10d()));
    }
  }

  void rebuild_if_replaced() {
    auto now = trained_parameters(*module);
    const bool same = now.size() == parameters.size() &&
                      std::equal(now.begin(), now.end(), parameters.begin(),
                                 [](const auto& a, const auto& b) { return a.is_same(b); }) &&
                      accumulators_of(now) == accumulators;
    if (same) return;
    parameters = std::move(now);
    check_module();
    logger.reset();
    reducer.reset();
    build();
  }

  at::Tensor one_number(int64_t value, c10::ScalarType dtype = torch::kFloat) const {
    return torch::full({1}, value, torch::TensorOptions(dtype).device(parameters.front().device()));
  }

  // The highest rank of those that say yes.
  int common_rank(bool says_yes) const {
    const auto number = one_number(says_yes ? group.rank() : -1, torch::kLong);
    group.all_reduce(number, ReduceOp::kMax);
    return number.item<int>();
  }

  bool syncs_buffers() const { return forward_sync && options.broadcast_buffers && !buffers(*module).empty(); }

  void sync_buffers(bool has_inputs) const {
    if (syncs_buffers()) group.broadcast(buffers(*module), joining ? common_rank(has_inputs) : 0);
  }

  // Tells the ranks that are out of inputs that this one isn't.
  void notify_joined_ranks() {
    std::vector<at::Tensor> one = {one_number(1)};
    auto work = c10d()->allreduce(one);
    if (joining->throw_on_early_termination) {
      const auto ended = one_number(0);
      group.all_reduce(ended);
      if (ended.item<double>() != 0) throw ProcessGroupError("join: a rank ran out of inputs, and ends it for all");
    }
    reducer->set_forward_pass_work_handle(work, joining->divide_by_initial_world_size);
  }

  void before_forward() {
    rebuild_if_replaced();
    if (torch::GradMode::is_enabled() && backward_sync) reducer->prepare_for_forward();
    if (joining) notify_joined_ranks();
    if (torch::GradMode::is_enabled()) reducer->rebuild_buckets();
    sync_buffers(true);
    if (joining) {
      std::vector<at::Tensor> syncs = {one_number(backward_sync)};
      c10d()->allreduce(syncs);
    }
  }

  std::vector<at::Tensor> after_forward(std::vector<at::Tensor> outputs) {
    const bool walks_graph = options.find_unused_parameters && !options.static_graph;
    forward_sync = torch::GradMode::is_enabled() && backward_sync;
    if (forward_sync) reducer->prepare_for_backward(walks_graph ? outputs : std::vector<at::Tensor>{});
    if (!walks_graph && (!options.static_graph || static_graph_begun)) return outputs;
    return through_sink(std::move(outputs));
  }

  std::vector<at::Tensor> through_sink(std::vector<at::Tensor> outputs) {
    torch::autograd::variable_list passed;
    for (const auto& output : outputs) {
      if (output.grad_fn()) passed.push_back(output);
    }
    if (passed.empty()) return outputs;
    auto sunk = Sink::apply(at::TensorList(passed), reinterpret_cast<int64_t>(&on_backward));
    auto next = sunk.begin();
    for (auto& output : outputs) {
      if (output.grad_fn()) output = *next++;
    }
    return outputs;
  }

  void begin_static_graph() {
    if (!options.static_graph || static_graph_begun) return;
    static_graph_begun = true;
    torch::autograd::Engine::get_default_engine().queue_callback([reducer = reducer] { reducer->delay_all_reduce(); });
  }

  // What the other ranks' next forward and backward send, without gradients of one's own.
  void shadow() {
    reducer->rebuild_buckets();
    sync_buffers(false);
    const auto syncs = one_number(0);
    group.all_reduce(syncs);
    forward_sync = syncs.item<double>() != 0;
    if (!forward_sync) return;
    std::vector<c10::intrusive_ptr<c10::ivalue::Future>> sent;
    for (auto& bucket : reducer->get_grad_buckets(/*return_zero_tensors=*/true)) {
      sent.push_back(reducer->run_comm_hook(bucket));
    }
    for (const auto& future : sent) future->waitAndThrow();
    if (options.find_unused_parameters) group.all_reduce(reducer->get_local_used_map_on_device());
    reducer->push_rebuilt_params_for_all_indices();
  }

  void shadow_the_others() {
    bool is_last = true;
    for (;;) {
      const auto with_inputs = one_number(0);
      group.all_reduce(with_inputs);
      if (with_inputs.item<double>() == 0) break;
      if (joining->throw_on_early_termination) {
        group.all_reduce(one_number(1));
        throw ProcessGroupError("join: rank " + std::to_string(group.rank()) + " ran out of inputs");
      }
      shadow();
      is_last = false;
    }
    broadcast_module(common_rank(is_last));
  }
};

GradientReducer::GradientReducer(std::shared_ptr<torch::nn::Module> module, ProcessGroup group,
                                 const DistributedDataParallelOptions& options)
    : state_(std::make_unique<State>()) {
  state_->module = std::move(module);
  state_->group = std::move(group);
  state_->options = options;
  state_->parameters = trained_parameters(*state_->module);
  state_->on_backward = [state = state_.get()] { state->begin_static_graph(); };
  state_->check_module();
  if (state_->group.size() == 1) return;
  state_->guarded("DistributedDataParallel", [&] {
    c10d::verify_params_across_processes(state_->c10d(), state_->parameters, std::nullopt);
    state_->broadcast_module(0);
    state_->build();
  });
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::before_forward() {
  if (state_->reducer) state_->guarded("forward", [&] { state_->before_forward(); });
}

std::vector<at::Tensor> GradientReducer::after_forward(std::vector<at::Tensor> outputs) {
  if (!state_->reducer) return outputs;
  return state_->guarded("forward", [&] { return state_->after_forward(std::move(outputs)); });
}

bool GradientReducer::require_backward_grad_sync() const { return state_->backward_sync; }
void GradientReducer::set_require_backward_grad_sync(bool require) { state_->backward_sync = require; }

void GradientReducer::join(const std::function<void()>& loop, const JoinOptions& options) {
  if (!state_->reducer) return loop();
  state_->joining = options;
  try {
    loop();
    state_->guarded("join", [&] { state_->shadow_the_others(); });
  } catch (...) {
    state_->joining.reset();
    throw;
  }
  state_->joining.reset();
}

}  // namespace torch_ext
