#include "libtorch_ext/inspect/trace.h"

#include <ATen/record_function.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/inspect/macs.h"
#include "libtorch_ext/inspect/module_paths.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/nn/call_observer.h"

namespace torch_ext {
namespace {

using Tensors = std::vector<at::Tensor>;

constexpr int64_t kModelInput = -1;

void collect(const c10::IValue& value, Tensors& tensors) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) tensors.push_back(value.toTensor());
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) tensors.push_back(tensor);
  } else if (value.isList()) {
    for (const c10::IValue& item : value.toListRef()) collect(item, tensors);
  } else if (value.isTuple()) {
    for (const c10::IValue& item : value.toTupleRef().elements()) collect(item, tensors);
  }
}

Tensors tensors_of(const auto& values) {
  Tensors tensors;
  for (const c10::IValue& value : values) collect(value, tensors);
  return tensors;
}

std::vector<std::vector<int64_t>> shapes_of(const Tensors& tensors) {
  std::vector<std::vector<int64_t>> shapes;
  for (const at::Tensor& tensor : tensors) shapes.push_back(tensor.sizes().vec());
  return shapes;
}

std::string text_of(const Tensors& tensors) {
  std::ostringstream text;
  for (const at::Tensor& tensor : tensors) text << (&tensor == tensors.data() ? "" : ", ") << tensor.sizes();
  return text.str();
}

class Tracer : public CallObserver {
 public:
  Tracer(const torch::nn::Module& root, const Tensors& inputs) : paths_(named_modules(root)) {
    for (const at::Tensor& input : inputs) made_by(input, kModelInput);
    for (const StateEntry& entry : state_entries(root)) state_.insert(entry.tensor.unsafeGetTensorImpl());
  }

  void before(torch::nn::Module& module, Tensors& inputs) override {
    const std::string* path = paths_.find(module);
    if (!path) return;
    begin({.name = *path, .class_name = class_name(module), .module = &module}, inputs, module.children().empty());
  }

  void after(torch::nn::Module& module, const Tensors& /*inputs*/, Tensors& outputs) override {
    if (paths_.find(module)) end(outputs);
  }

  void failed(torch::nn::Module& module, const Tensors& inputs) noexcept override {
    const std::string* path = paths_.find(module);
    if (!path) return;
    running_.pop_back();
    if (!failure.empty()) return;
    failure = "forward of " + (path->empty() ? "the model" : '"' + *path + '"') + " (" + class_name(module) +
              ") failed for input " + text_of(inputs);
  }

  void begin_operation(const at::RecordFunction& operation) {
    if (!running_.empty() && running_.back().is_leaf) {
      ++running_.back().inner_operations;
    } else {
      begin({.name = operation.name()}, tensors_of(operation.inputs()), true);
    }
    if (!detail::has_macs(operation)) return;
    if (counted_depth_++ == 0) node(running_.back()).macs += detail::macs_of(operation);
  }

  void end_operation(const at::RecordFunction& operation) {
    counted_depth_ -= detail::has_macs(operation);
    if (running_.back().inner_operations > 0) {
      --running_.back().inner_operations;
    } else {
      const Tensors outputs = tensors_of(operation.outputs());
      end(outputs);
      // "aten::size" and the like; a batch norm that counts its batches.
      if (std::ranges::all_of(outputs, [&](auto& output) { return state_.contains(output.unsafeGetTensorImpl()); })) {
        trace.nodes.pop_back();
      }
    }
  }

  void finish(const Tensors& outputs) { trace.results = sources_of(outputs); }

  Trace trace;
  /// What the innermost module that failed was and was given; empty where none did.
  std::string failure;

 private:
  struct Running {
    size_t node;
    // A module without children, or an operation: what goes on within it isn't shown.
    bool is_leaf;
    std::vector<int64_t> sources;
    int64_t inner_operations = 0;
  };

  TraceNode& node(const Running& call) { return trace.nodes[call.node]; }

  void begin(TraceNode node, const Tensors& inputs, bool is_leaf) {
    if (!running_.empty()) {
      node.parent = static_cast<int64_t>(running_.back().node);
      this->node(running_.back()).is_leaf = false;
    }
    node.inputs = shapes_of(inputs);
    running_.push_back({.node = trace.nodes.size(), .is_leaf = is_leaf, .sources = sources_of(inputs)});
    trace.nodes.push_back(std::move(node));
  }

  void end(const Tensors& outputs) {
    const Running call = std::move(running_.back());
    running_.pop_back();
    TraceNode& ended = node(call);
    ended.outputs = shapes_of(outputs);
    for (const at::Tensor& output : outputs) ended.output_bytes += static_cast<int64_t>(output.nbytes());
    if (ended.parent >= 0) trace.nodes[static_cast<size_t>(ended.parent)].macs += ended.macs;
    if (!ended.is_leaf) return;
    ended.sources = call.sources;
    for (const at::Tensor& output : outputs) made_by(output, static_cast<int64_t>(call.node));
  }

  void made_by(const at::Tensor& tensor, int64_t node) {
    makers_[tensor.unsafeGetTensorImpl()] = node;
    kept_.push_back(tensor);
  }

  std::vector<int64_t> sources_of(const Tensors& tensors) const {
    std::set<int64_t> sources;
    for (const at::Tensor& tensor : tensors) {
      const auto maker = makers_.find(tensor.unsafeGetTensorImpl());
      if (maker != makers_.end()) sources.insert(maker->second);
    }
    return {sources.begin(), sources.end()};
  }

  detail::ModulePaths paths_;
  std::unordered_set<const c10::TensorImpl*> state_;
  std::vector<Running> running_;
  int64_t counted_depth_ = 0;
  std::unordered_map<const c10::TensorImpl*, int64_t> makers_;
  Tensors kept_;  // so that no address is used twice
};

// Callbacks of RecordFunction are plain functions.
thread_local Tracer* current_tracer = nullptr;

class OperationRecorder {
 public:
  explicit OperationRecorder(Tracer& tracer) {
    current_tracer = &tracer;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(
            [](const at::RecordFunction& operation) -> std::unique_ptr<at::ObserverContext> {
              current_tracer->begin_operation(operation);
              return nullptr;
            },
            [](const at::RecordFunction& operation, at::ObserverContext*) { current_tracer->end_operation(operation); })
            .needsInputs(true)
            .needsOutputs(true)
            .scopes({at::RecordScope::FUNCTION}));
  }
  OperationRecorder(const OperationRecorder&) = delete;
  OperationRecorder& operator=(const OperationRecorder&) = delete;
  ~OperationRecorder() {
    at::removeCallback(handle_);
    current_tracer = nullptr;
  }

 private:
  at::CallbackHandle handle_ = 0;
};

}  // namespace

Trace trace(const torch::nn::Module& root, const std::vector<at::Tensor>& inputs,
            const std::function<std::vector<at::Tensor>()>& forward) {
  TORCH_CHECK_VALUE(!current_tracer, "trace: a trace is being made on this thread already");
  const auto tracer = std::make_shared<Tracer>(root, inputs);
  const Observation observation(tracer);
  Tensors outputs;
  try {
    const OperationRecorder recorder(*tracer);
    outputs = forward();
  } catch (const c10::Error& error) {
    if (tracer->failure.empty()) throw;
    TORCH_CHECK_VALUE(false, tracer->failure, ": ", error.what_without_backtrace());
  }
  tracer->finish(outputs);
  return std::move(tracer->trace);
}

}  // namespace torch_ext
