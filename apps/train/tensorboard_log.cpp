#include "tensorboard_log.h"

#include "libtorch_ext/inspect/tree.h"

namespace tx = torch_ext;

TensorBoardLog::TensorBoardLog(const std::string& folder, const tx::Run& run)
    : writer_(folder, {.purge_step = run.step > 0 ? std::optional(run.step + 1) : std::nullopt}) {
  if (run.step == 0) writer_.add_text("config", "```json\n" + tx::to_json(run.config) + "```");
}

void TensorBoardLog::step(const tx::Run& run, double loss) {
  if (run.step % run.config.tensorboard->every_steps != 0) return;
  writer_.add_scalar("loss/train", loss, run.step);
  writer_.add_scalar("lr", run.lr(), run.step);
}

void TensorBoardLog::epoch(const tx::Run& run, const tx::Tally& train, const tx::Tally& test) {
  writer_.add_scalar("loss/test", test.mean_loss(), run.step);
  writer_.add_scalar("accuracy/train", train.accuracy(), run.step);
  writer_.add_scalar("accuracy/test", test.accuracy(), run.step);
  if (!run.config.tensorboard->histograms) return;
  for (const auto& item : tx::named_parameters(*run.model.ptr())) {
    writer_.add_histogram(item.key(), item.value(), run.step);
  }
}
