#pragma once

#include <optional>
#include <string>
#include <vector>

namespace torch_ext {

/// What a value of CUDA_VISIBLE_DEVICES shows.
struct ParsedDevices {
  /// The devices in the order in which the process counts them: `ids[0]` is its cuda:0. Numbers are those that the
  /// value uses, or positions in the list of UUIDs.
  std::vector<int> ids;
  /// Why fewer are visible than the value names, or none; empty where all are.
  std::string reason;
};

/// The meaning of CUDA_VISIBLE_DEVICES on a machine with `count` GPUs. Pure: looks at no device and no environment.
///
/// - Not set: all. Empty, or nothing that begins with a number or an identifier: none.
/// - Numbers, with spaces around them (`"3, 4"`), of which only the beginning counts, as in C's `strtoul`: `+3` is 3,
///   `1.5` and `1gpu2` are 1, `0x1` is 0. A negative number, a word or a number beyond the last GPU ends the list.
/// - `GPU-…`, the beginning of one GPU's UUID as in `uuids`. One that fits none, or more than one, ends the list.
/// - `MIG-…`, likewise; or `MIG-GPU-<uuid>/<gpu instance>/<compute instance>`, which stands for its GPU where `uuids`
///   lists no MIG instances. A process sees one instance, the first.
/// - The first entry's kind decides: one of another kind ends the list. Capitals matter, and identifiers take no
/// spaces.
/// - The same device twice, anywhere before the list's end: none at all.
///
/// `uuids`: of the GPUs, in the order of their numbers, then of MIG instances. Sources: the CUDA programming guide's
/// chapter on environment variables; `torch.cuda._parse_visible_devices`, with which this agrees.
ParsedDevices parse_visible_devices(const std::optional<std::string>& value, int count,
                                    const std::vector<std::string>& uuids = {});

/// The variables of ROCm. ROCR_VISIBLE_DEVICES comes first; HIP_VISIBLE_DEVICES, or where that isn't set
/// CUDA_VISIBLE_DEVICES, counts what it leaves.
struct RocmVisibleDevices {
  std::optional<std::string> rocr;
  std::optional<std::string> hip;
  std::optional<std::string> cuda;
};

/// As `parse_visible_devices`, for AMD's GPUs.
ParsedDevices parse_visible_devices(const RocmVisibleDevices& values, int count,
                                    const std::vector<std::string>& uuids = {});

}  // namespace torch_ext
