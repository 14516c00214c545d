#include "tests/support/thread_ranks.h"

#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/torch.h>

#include <exception>
#include <thread>
#include <vector>

#include "libtorch_ext/parallel/backends.h"
#include "libtorch_ext/parallel/c10d.h"

namespace torch_ext::testing {
namespace {

ProcessGroup join(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size) {
  using Group = c10d::ProcessGroup;
  auto group = c10::make_intrusive<Group>(store, rank, size);
  group->setDefaultBackend(Group::BackendType::GLOO);
  const auto gloo = make_gloo_backend(store, rank, size, std::chrono::seconds(60));
  gloo->setSequenceNumberForGroup();
  group->setBackend(c10::DeviceType::CPU, Group::BackendType::GLOO, gloo);
  auto state = std::make_shared<ProcessGroup::State>();
  state->rank = rank;
  state->size = size;
  state->local_rank = rank;
  state->store = store;
  state->c10d = std::move(group);
  return ProcessGroup(std::move(state));
}

}  // namespace

void run_ranks(int size, const std::function<void(const ProcessGroup& group)>& rank) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::exception_ptr> errors(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int i = 0; i < size; ++i) {
    threads.emplace_back([&, i] {
      try {
        rank(join(store, i, size));
      } catch (...) {
        errors[static_cast<size_t>(i)] = std::current_exception();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace torch_ext::testing
