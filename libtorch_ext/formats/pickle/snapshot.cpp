#include "libtorch_ext/formats/pickle/snapshot.h"

#include <algorithm>

namespace torch_ext::formats {
namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

bool is_live(const Storage& storage) { return storage.location == "cpu"; }

std::shared_ptr<const Storage> copied(const Storage& from, std::byte* to) {
  auto copy = std::make_shared<Storage>(std::span<const std::byte>(to, from.size()), nullptr);
  copy->location = from.location;
  copy->dtype = from.dtype;
  from.stream([&](std::span<const std::byte> piece) { to = std::copy(piece.begin(), piece.end(), to); });
  return copy;
}

}  // namespace

std::byte* Snapshot::reserve(size_t size) {
  if (size > capacity_) {
    memory_.reset();  // before the new block: both at once may be too much
    capacity_ = 0;
    memory_ = std::make_unique_for_overwrite<std::byte[]>(size);
    capacity_ = size;
  }
  return memory_.get();
}

void Snapshot::take(const Value& root, const std::string& file) {
  clear();
  Pickle taken = write_pickle(root, file);
  size_t size = 0;
  for (const auto& storage : taken.storages) size += is_live(*storage) ? aligned(storage->size()) : 0;
  std::byte* to = reserve(size);
  for (auto& storage : taken.storages) {
    if (!is_live(*storage)) continue;
    const size_t room = aligned(storage->size());
    storage = copied(*storage, to);
    to += room;
  }
  pickle_ = std::move(taken);
}

}  // namespace torch_ext::formats
