#pragma once

#include "libtorch_ext/train/run.h"
#include "run_folder.h"

/// Tests the run's best weights in detail and writes `report.html`, from them and from the folder's logs. Called in all
/// processes of a group; the main one writes. Leaves the run with the best weights. Returns false, having written
/// nothing, where a signal stops it.
bool write_run_report(torch_ext::Run& run, const RunFolder& folder);
