#pragma once

#include <nlohmann/json.hpp>

#include <vector>

#include "libtorch_ext/formats/flatten.h"

namespace ckpt {

/// The texts that a safetensors file's header holds beside its tensors, named "__metadata__.<key>".
std::vector<torch_ext::formats::NamedValue> metadata_values(const torch_ext::formats::Value& root);
/// The same as an object of texts.
nlohmann::ordered_json metadata_json(const torch_ext::formats::Value& root);

}  // namespace ckpt
