#pragma once

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <exception>
#include <string>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// What a `ProcessGroup` consists of.
struct ProcessGroup::State {
  int rank = 0;
  int size = 1;
  int local_rank = 0;
  c10::Device device = c10::kCPU;
  c10::intrusive_ptr<c10d::Store> store;        ///< null in a group of one
  c10::intrusive_ptr<c10d::ProcessGroup> c10d;  ///< null in a group of one
};

/// Runs `work`, whose exceptions become a `ProcessGroupError` that says which rank was doing what.
template <typename Work>
auto as_process_group_error(const ProcessGroup::State& state, const char* what, Work&& work) {
  const auto say = [&](const std::string& message) {
    return ProcessGroupError("rank " + std::to_string(state.rank) + " of " + std::to_string(state.size) + ": " + what +
                             ": " + message.substr(0, message.find('\n')));
  };
  try {
    return work();
  } catch (const ProcessGroupError&) {
    throw;
  } catch (const c10::Error& error) {
    throw say(error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw say(error.what());
  }
}

}  // namespace torch_ext
