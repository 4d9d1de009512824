#pragma once

#include <string>
#include <string_view>

namespace troupe::scheduling {

/// What kind of node this is, for estimates of run times: the processor's model, and the graphics processors that hwloc
/// sees. `AMD EPYC 9B14`, `aarch64, 2 gpu`. Reads /proc and asks hwloc.
[[nodiscard]] std::string node_class();

/// The model in a text as /proc/cpuinfo has it, blanks in a row made one; empty where it names none.
[[nodiscard]] std::string processor_model(std::string_view cpuinfo);

} // namespace troupe::scheduling
