#include "tensorboard_log.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/graph.h"
#include "libtorch_ext/inspect/tree.h"

namespace tx = torch_ext;

TensorBoardLog::TensorBoardLog(const std::string& folder, tx::Run& run)
    : writer_(folder, {.purge_step = run.step > 0 ? std::optional(run.step + 1) : std::nullopt}) {
  if (run.step > 0) return;
  writer_.add_text("config", "```json\n" + tx::to_json(run.config) + "```");
  const auto& config = *run.config.tensorboard;
  if (!config.graph && config.images == 0) return;
  const tx::Batch batch = *run.test_loader->begin();
  if (config.images > 0 && (batch.data.size(1) == 1 || batch.data.size(1) == 3)) {
    const auto images = batch.data.slice(0, 0, config.images).cpu();
    const auto channels = [&](const std::vector<double>& v) {
      return torch::tensor(v, torch::kFloat).view({1, -1, 1, 1});
    };
    writer_.add_images("images/test", images * channels(run.config.data.std) + channels(run.config.data.mean), 0);
  }
  if (config.graph) {
    run.model.ptr()->eval();
    writer_.add_graph(tx::trace(run.model, batch.data.slice(0, 0, 1)));
  }
}

void TensorBoardLog::step(const tx::Run& run, double loss) {
  if (run.step % run.config.tensorboard->every_steps != 0) return;
  writer_.add_scalar("loss/train", loss, run.step);
  writer_.add_scalar("lr", run.lr(), run.step);
  if (run.grad_norm.defined()) writer_.add_scalar("grad_norm", run.grad_norm.item<double>(), run.step);
}

void TensorBoardLog::epoch(const tx::Run& run, const tx::EpochResult& result) {
  writer_.add_scalar("accuracy/train", result.train.accuracy(), run.step);
  writer_.add_scalar("samples_per_second", result.samples_per_second, run.step);
  if (result.test) {
    writer_.add_scalar("loss/test", result.test->mean_loss(), run.step);
    writer_.add_scalar("accuracy/test", result.test->accuracy(), run.step);
  }
  if (!run.config.tensorboard->histograms) return;
  for (const auto& item : tx::named_parameters(*run.model.ptr())) {
    writer_.add_histogram(item.key(), item.value(), run.step);
  }
}
