#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace troupe::cli {

/// The processor by its own name and what of its instruction sets the kernels use, e.g. "AMD EPYC 9B14 (2 logical;
/// products avx512_core_bf16, vectors AVX3_ZEN4)". Any thread.
[[nodiscard]] std::string processor_name();

/// Name and version of what the figures depend on: troupe, CAF, oneDNN, SQLite, the compiler.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> bench_versions();

/// The commit that the program was built from, "-dirty" where files differed from it, "unknown" outside of a checkout.
[[nodiscard]] std::string built_commit();

/// The largest resident set of this process so far, in bytes; 0 where the system does not say.
[[nodiscard]] std::size_t peak_resident_bytes();

} // namespace troupe::cli
