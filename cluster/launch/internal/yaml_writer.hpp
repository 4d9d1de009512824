#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cluster {

/// A document as YAML in block style, with the keys in their order; texts that could be read as something else are quoted.
[[nodiscard]] std::string to_yaml_document(const nlohmann::ordered_json& document);

} // namespace troupe::cluster
