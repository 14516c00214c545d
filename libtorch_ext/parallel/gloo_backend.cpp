#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <cstdlib>
#include <sstream>
#include <string>

#include "libtorch_ext/parallel/backends.h"
#include "libtorch_ext/parallel/c10d.h"

namespace torch_ext {
namespace {

// A collective whose error says which rank it is of: backward throws it from within the reducer.
class NamedWork : public c10d::Work {
 public:
  NamedWork(c10::intrusive_ptr<c10d::Work> work, int rank, int size, const char* what)
      : Work(rank), work_(std::move(work)), size_(size), what_(what) {}

  bool isCompleted() override { return work_->isCompleted(); }
  bool isSuccess() const override { return work_->isSuccess(); }
  std::exception_ptr exception() const override { return work_->exception(); }
  std::vector<at::Tensor> result() override { return work_->result(); }
  void synchronize() override { work_->synchronize(); }
  void abort() override { work_->abort(); }
  uint64_t getSequencenumber() const override { return work_->getSequencenumber(); }

  bool wait(std::chrono::milliseconds timeout) override {
    return as_process_group_error(rank_, size_, what_, [&] { return work_->wait(timeout); });
  }

  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override {
    const auto future = work_->getFuture();
    return future->then(
        [rank = rank_, size = size_, what = what_](c10::ivalue::Future& done) {
          return as_process_group_error(rank, size, what, [&] { return done.value(); });
        },
        future->elementType());
  }

 private:
  c10::intrusive_ptr<c10d::Work> work_;
  int size_;
  const char* what_;
};

class GlooBackend : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;

  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override {
    return c10::make_intrusive<NamedWork>(ProcessGroupGloo::allreduce(tensors, options), getRank(), getSize(),
                                          "all_reduce");
  }
};

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                                    std::chrono::milliseconds timeout) {
  using c10d::ProcessGroupGloo;
  auto options = ProcessGroupGloo::Options::create(timeout);
  if (const char* interfaces = std::getenv("GLOO_SOCKET_IFNAME"); interfaces && *interfaces) {
    std::istringstream names(interfaces);
    for (std::string name; std::getline(names, name, ',');) {
      options->devices.push_back(ProcessGroupGloo::createDeviceForInterface(name));
    }
  } else {
    options->devices.push_back(ProcessGroupGloo::createDefaultDevice());
  }
  options->threads = static_cast<int>(options->devices.size()) * 2;
  return c10::make_intrusive<GlooBackend>(store, rank, size, options);
}

}  // namespace torch_ext
