#include "libtorch_ext/checkpoint/checkpoint.h"

namespace torch_ext {

Value to_value(const Checkpoint& checkpoint) {
  TensorWriter writer;
  formats::Dict root;
  root.set("epoch", checkpoint.epoch);
  root.set("state_dict", to_value(checkpoint.state_dict, writer));
  root.set("best_" + checkpoint.metric, checkpoint.best ? Value(*checkpoint.best) : Value());
  root.set("lr", checkpoint.lr);
  if (!checkpoint.optimizer.is_none()) root.set("optimizer", checkpoint.optimizer);
  for (const auto& [key, value] : checkpoint.more) root.set(key, value);
  return root;
}

void save(const Checkpoint& checkpoint, const std::string& path) { save(to_value(checkpoint), path); }

}  // namespace torch_ext
