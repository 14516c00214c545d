#pragma once

/// SIGINT and SIGTERM as a flag that the loop looks at between steps. A second signal kills at once; not where the
/// launcher hands on one that went to all processes of a job.
namespace stop_signal {

/// From now on the two signals set the flag. `has_launcher`: this process's parent is a launcher that hands signals on.
void catch_signals(bool has_launcher);
/// The signal that came, or 0.
int received();

}  // namespace stop_signal
