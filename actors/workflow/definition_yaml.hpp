#pragma once

#include "actors/workflow/source_map.hpp"
#include "actors/workflow/yaml_tree.hpp"
#include "troupe/v1/workflow.pb.h"

#include <map>
#include <string>

namespace troupe::workflow {

/// A definition as it was written. Steps name others of its `workflows`, or of those around it, or files.
struct written_definition {
  v1::WorkflowDefinition definition;
  /// By the place of the step, e.g. "steps.each" or "workflows.review.steps.each": the file that it names.
  std::map<std::string, std::string> files;
};

/// Turns a YAML document into a definition without looking at what it means: keys, shapes, numbers
/// and durations. Steps get the `defaults` of the document where they say nothing.
/// @param places takes the place of every part.
/// @param found takes every mistake; what is wrong is left out of the result.
[[nodiscard]] written_definition read_definition(const yaml_node& root, source_map& places,
                                                 findings& found);

/// The literal that an unquoted scalar stands for: a boolean, a number or its text.
/// @returns nothing for a number that a double cannot hold exactly.
[[nodiscard]] std::optional<google::protobuf::Value> literal_of(const yaml_node& node);

} // namespace troupe::workflow
