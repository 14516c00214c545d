#include "libtorch_ext/parallel/process_group.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <cstring>

#include "libtorch_ext/parallel/backends.h"
#include "libtorch_ext/parallel/c10d.h"
#include "libtorch_ext/parallel/launcher_environment.h"

namespace torch_ext {
namespace {

using Store = c10::intrusive_ptr<c10d::Store>;

Store prefixed(const std::string& prefix, const Store& store) {
  return c10::make_intrusive<c10d::PrefixStore>(prefix, store);
}

Store connect(const LauncherEnvironment& launcher, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = launcher.master_port;
  options.isServer = !launcher.store_is_launchers && launcher.rank == 0;
  options.multiTenant = !launcher.store_is_launchers;
  options.numWorkers = static_cast<size_t>(launcher.world_size);
  options.timeout = timeout;
  Store store = c10::make_intrusive<c10d::TCPStore>(launcher.master_addr, options);
  store->setTimeout(timeout);
  // torchrun keeps its store over restarts, and with it the addresses of the ranks that died.
  const bool store_is_kept = launcher.store_is_launchers && launcher.local_world_size == launcher.world_size &&
                             process_environment("TORCH_DISABLE_SHARE_RDZV_TCP_STORE") != "1";
  if (launcher.restart_count == 0 || !store_is_kept) return store;
  return prefixed("attempt_" + std::to_string(launcher.restart_count), store);
}

enum class Backends { kGloo, kNccl, kBoth };

Backends backends_of(const std::string& word) {
  if (word == "gloo") return Backends::kGloo;
  if (word == "nccl") return Backends::kNccl;
  if (word == "auto") return has_nccl_backend() && torch::cuda::is_available() ? Backends::kBoth : Backends::kGloo;
  throw ProcessGroupError("backend: found \"" + word + "\", expected \"auto\", \"gloo\" or \"nccl\"");
}

// The prefixes are those of Python's init_process_group, so that its ranks and ours meet.
c10::intrusive_ptr<c10d::ProcessGroup> make_group(const Store& store, const LauncherEnvironment& launcher,
                                                  const ProcessGroupOptions& options, Backends backends) {
  using Group = c10d::ProcessGroup;
  const Store group_store = prefixed("0/", prefixed("default_pg", store));
  auto group = c10::make_intrusive<Group>(group_store, launcher.rank, launcher.world_size);
  group->setDefaultBackend(backends == Backends::kGloo ? Group::BackendType::GLOO : Group::BackendType::NCCL);
  if (backends != Backends::kNccl) {
    const auto gloo =
        make_gloo_backend(prefixed("cpu/", group_store), launcher.rank, launcher.world_size, options.timeout);
    gloo->setSequenceNumberForGroup();
    group->setBackend(c10::DeviceType::CPU, Group::BackendType::GLOO, gloo);
    if (backends == Backends::kGloo) group->setBackend(c10::DeviceType::CUDA, Group::BackendType::GLOO, gloo);
  }
  if (backends != Backends::kGloo) {
    const auto nccl =
        make_nccl_backend(prefixed("cuda/", group_store), launcher.rank, launcher.world_size, options.timeout);
    nccl->setSequenceNumberForGroup();
    group->setBackend(c10::DeviceType::CUDA, Group::BackendType::NCCL, nccl);
  }
  group->setGroupName("0");
  group->setGroupDesc("default_pg");
  return group;
}

c10d::ReduceOp c10d_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::kMin:
      return c10d::ReduceOp::MIN;
    case ReduceOp::kMax:
      return c10d::ReduceOp::MAX;
    case ReduceOp::kProduct:
      return c10d::ReduceOp::PRODUCT;
    case ReduceOp::kSum:
    case ReduceOp::kMean:
      break;
  }
  return c10d::ReduceOp::SUM;
}

}  // namespace

ProcessGroupError process_group_error(int rank, int size, const std::string& what, const std::string& message) {
  std::string line = message.substr(0, message.find('\n'));
  // Gloo begins with "[/pytorch/third_party/…/pair.cc:538] ".
  if (const size_t end = line.find("] "); line.starts_with("[/") && end != std::string::npos) line.erase(0, end + 2);
  return ProcessGroupError("rank " + std::to_string(rank) + " of " + std::to_string(size) + ": " + what + ": " + line);
}

ProcessGroup::ProcessGroup() : state_(std::make_shared<State>()) {}

int ProcessGroup::rank() const { return state_->rank; }
int ProcessGroup::size() const { return state_->size; }
int ProcessGroup::local_rank() const { return state_->local_rank; }
c10::Device ProcessGroup::device() const { return state_->device; }

void ProcessGroup::all_reduce(const at::Tensor& tensor, ReduceOp op) const {
  if (!state_->c10d) return;
  as_process_group_error(*state_, "all_reduce", [&] {
    std::vector<at::Tensor> tensors = {tensor.detach()};
    c10d::AllreduceOptions options;
    options.reduceOp = c10d_op(op);
    state_->c10d->allreduce(tensors, options)->wait();
    if (op == ReduceOp::kMean) tensors[0].div_(size());
  });
}

void ProcessGroup::broadcast(const at::Tensor& tensor, int source) const {
  if (!state_->c10d) return;
  as_process_group_error(*state_, "broadcast", [&] {
    std::vector<at::Tensor> tensors = {tensor.detach()};
    c10d::BroadcastOptions options;
    options.rootRank = source;
    state_->c10d->broadcast(tensors, options)->wait();
  });
}

void ProcessGroup::broadcast(const std::vector<at::Tensor>& tensors, int source) const {
  if (!state_->c10d || tensors.empty()) return;
  constexpr size_t kBytesAMessage = size_t{250} << 20;  // as Python's DistributedDataParallel
  as_process_group_error(*state_, "broadcast", [&] {
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> values;
    for (const auto& tensor : tensors) values.push_back(tensor.detach());
    c10d::broadcast_coalesced(state_->c10d, values, kBytesAMessage, source);
  });
}

std::string ProcessGroup::broadcast(const std::string& text, int source) const {
  if (!state_->c10d) return text;
  const auto length = at::full({1}, static_cast<int64_t>(text.size()), at::TensorOptions(at::kLong).device(device()));
  broadcast(length, source);
  auto bytes = at::zeros({length.item<int64_t>()}, at::kByte);
  if (rank() == source) std::memcpy(bytes.data_ptr(), text.data(), text.size());
  bytes = bytes.to(device());
  if (bytes.numel() > 0) broadcast(bytes, source);
  bytes = bytes.cpu();
  return {static_cast<const char*>(bytes.const_data_ptr()), static_cast<size_t>(bytes.numel())};
}

std::vector<at::Tensor> ProcessGroup::all_gather(const at::Tensor& tensor) const {
  if (!state_->c10d) return {tensor.detach().clone()};
  return as_process_group_error(*state_, "all_gather", [&] {
    std::vector<at::Tensor> tensors = {tensor.detach().contiguous()};
    std::vector<std::vector<at::Tensor>> gathered(1);
    for (int rank = 0; rank < size(); ++rank) gathered[0].push_back(at::empty_like(tensors[0]));
    state_->c10d->allgather(gathered, tensors)->wait();
    return gathered[0];
  });
}

void ProcessGroup::barrier() const {
  if (!state_->c10d) return;
  as_process_group_error(*state_, "barrier", [&] { state_->c10d->barrier()->wait(); });
}

ProcessGroup init_process_group(const ProcessGroupOptions& options) {
  const Backends backends = backends_of(options.backend);
  const auto launcher = launcher_environment();
  if (!launcher) return ProcessGroup();
  auto state = std::make_shared<ProcessGroup::State>();
  state->rank = launcher->rank;
  state->size = launcher->world_size;
  state->local_rank = launcher->local_rank;
  if (backends == Backends::kNccl) {
    state->device = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(launcher->local_rank));
  }
  const std::string where =
      "joining the group at " + launcher->master_addr + ":" + std::to_string(launcher->master_port);
  as_process_group_error(*state, where.c_str(), [&] {
    state->store = connect(*launcher, options.timeout);
    state->c10d = make_group(state->store, *launcher, options, backends);
  });
  return ProcessGroup(std::move(state));
}

}  // namespace torch_ext
