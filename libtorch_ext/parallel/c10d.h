#pragma once

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <exception>
#include <string>
#include <utility>

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

/// An error of rank `rank`: what it was doing, and the first line of LibTorch's message, without a place in its sources.
ProcessGroupError process_group_error(int rank, int size, const std::string& what, const std::string& message);

/// Runs `work`, whose exceptions become a `ProcessGroupError` that says which rank was doing what.
template <typename Work>
auto as_process_group_error(int rank, int size, const char* what, Work&& work) {
  try {
    return work();
  } catch (const ProcessGroupError&) {
    throw;
  } catch (const c10::Error& error) {
    throw process_group_error(rank, size, what, error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw process_group_error(rank, size, what, error.what());
  }
}

template <typename Work>
auto as_process_group_error(const ProcessGroup::State& state, const char* what, Work&& work) {
  return as_process_group_error(state.rank, state.size, what, std::forward<Work>(work));
}

}  // namespace torch_ext
