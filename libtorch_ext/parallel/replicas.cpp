#include "libtorch_ext/parallel/replicas.h"

#include <torch/csrc/autograd/functions/utils.h>
#include <torch/torch.h>

#include <algorithm>

namespace torch_ext {
namespace {

// Hands a replica's gradient to the parameter that it is a copy of.
struct ToMaster : torch::autograd::Node {
  explicit ToMaster(c10::Device device) : device(device) {}

  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    if (!gradients[0].defined()) return {at::Tensor()};
    return {gradients[0].to(device, gradients[0].scalar_type(), /*non_blocking=*/true)};
  }

  c10::Device device;
};

// Takes gradients that have come to the parameter's device. Without it they would reach the parameter from another
// device's stream, of which autograd warns.
struct OnMaster : torch::autograd::Node {
  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    return std::move(gradients);
  }
};

bool same_kind(const std::vector<at::Tensor>& copies, const torch::OrderedDict<std::string, at::Tensor>& masters) {
  return std::equal(copies.begin(), copies.end(), masters.begin(), masters.end(),
                    [](const auto& copy, const auto& item) {
                      return copy.sizes() == item.value().sizes() && copy.scalar_type() == item.value().scalar_type();
                    });
}

// Past autograd, which would take it for a change of what an earlier forward saved.
void copy_values(const at::Tensor& master, const at::Tensor& to) { to.data().copy_(master, /*non_blocking=*/true); }

// Backward goes on from the copy, which stays the tensor that the replica's layers hold, to the parameter.
void connect(const at::Tensor& copy, const at::Tensor& master) {
  if (!torch::GradMode::is_enabled()) return;  // an earlier forward's backward may still be to come
  torch::autograd::impl::set_gradient_edge(copy, {nullptr, 0});
  if (!master.requires_grad()) return;
  auto arrived = std::make_shared<OnMaster>();
  arrived->add_input_metadata(master);
  arrived->set_next_edges(torch::autograd::collect_next_edges(master));
  auto edge = std::make_shared<ToMaster>(master.device());
  edge->set_next_edges({{arrived, 0}});
  torch::autograd::set_history(copy, edge);
}

}  // namespace

struct Replica::State {
  std::shared_ptr<torch::nn::Module> module;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> buffers;
};

Replica::Replica(std::shared_ptr<torch::nn::Module> copy) : state_(std::make_unique<State>()) {
  state_->module = std::move(copy);
  for (const auto& item : state_->module->named_parameters()) {
    item.value().unsafeGetTensorImpl()->set_requires_grad(false);
    state_->parameters.push_back(item.value());
  }
  for (const auto& item : state_->module->named_buffers()) state_->buffers.push_back(item.value());
}

Replica::~Replica() = default;
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;

bool Replica::refresh(const torch::nn::Module& module) {
  const c10::InferenceMode outlives_inference(false);
  const auto parameters = module.named_parameters();
  const auto buffers = module.named_buffers();
  const auto layers = module.modules();
  const auto copies = state_->module->modules();
  if (layers.size() != copies.size() || !same_kind(state_->parameters, parameters) ||
      !same_kind(state_->buffers, buffers)) {
    return false;
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    copy_values(parameters[i].value(), state_->parameters[i]);
    connect(state_->parameters[i], parameters[i].value());
  }
  for (size_t i = 0; i < buffers.size(); ++i) copy_values(buffers[i].value(), state_->buffers[i]);
  for (size_t i = 0; i < layers.size(); ++i) {
    if (copies[i]->is_training() != layers[i]->is_training()) copies[i]->train(layers[i]->is_training());
  }
  return true;
}

}  // namespace torch_ext
