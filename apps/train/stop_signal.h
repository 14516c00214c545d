#pragma once

/// SIGINT and SIGTERM as a flag that the loop looks at between steps. A second signal kills at once.
namespace stop_signal {

/// From now on the two signals set the flag.
void catch_signals();
/// The signal that came, or 0.
int received();

}  // namespace stop_signal
