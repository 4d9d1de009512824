#pragma once

#include "actors/workflow/definition.hpp"
#include "troupe/v1/files.pb.h"
#include "troupe/v1/ner.pb.h"
#include "troupe/v1/redaction.pb.h"
#include "troupe/v1/report.pb.h"

#include <map>
#include <string>
#include <vector>

namespace troupe::test {

/// The built-in agent types by name and messages alone: what a definition is checked against.
class known_agents final : public agent_types {
public:
  known_agents() {
    add<v1::ListFilesRequest, v1::ListFilesReply>("files.list");
    add<v1::ReadFileRequest, v1::ReadFileReply>("files.read");
    add<v1::WriteFileRequest, v1::WriteFileReply>("files.write");
    add<v1::NerRequest, v1::NerReply>("ner.extract");
    add<v1::RedactRequest, v1::RedactReply>("pii.redact");
    add<v1::WriteReportRequest, v1::WriteReportReply>("report.write");
    add<v1::ListFilesRequest, v1::WorkflowDefinition>("plan.make");
    add<v1::ReadFileRequest, v1::ReadFileReply>("two.faced");
    types_["two.faced"].methods.push_back(
        {v1::NerRequest::descriptor(), v1::NerReply::descriptor()});
  }
  [[nodiscard]] const agent_type* find(std::string_view type) const override {
    const auto found = types_.find(std::string{type});
    return found == types_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::vector<std::string> names() const override {
    std::vector<std::string> made;
    for (const auto& [name, type] : types_)
      made.push_back(name);
    return made;
  }
  void remove(const std::string& type) { types_.erase(type); }

private:
  template <class Request, class Reply>
  void add(const std::string& name) {
    agent_type type;
    type.name = name;
    type.methods = {{Request::descriptor(), Reply::descriptor()}};
    types_.emplace(name, std::move(type));
  }
  std::map<std::string, agent_type> types_;
};

inline const std::string main_job = R"(name: redact-folder
version: "1"
inputs:
  folder: { type: string }
  output: { type: string, default: out }
steps:
  list: { agent: files.list, input: { folder: "${inputs.folder}" } }
  read:
    agent: files.read
    for_each: "${steps.list.files}"
    parallelism: 2
    input: { path: "${item.path}", name: "${item.name}" }
    retry: { maximum_attempts: 3, initial_interval: 200ms, backoff_coefficient: 2, maximum_interval: 5s, non_retryable_error_types: [files.not_found] }
  extract: { agent: ner.extract/default, for_each: "${steps.read}", input: { text: "${item.text}", name: "${item.name}" } }
  redact: { agent: pii.redact, for_each: "${steps.read}", input: { text: "${item.text}", name: "${item.name}" } }
  write: { agent: files.write, for_each: "${steps.redact}", input: { folder: "${inputs.output}/redacted", name: "${item.name}", text: "${item.text}" } }
  report: { agent: report.write, needs: [write], input: { folder: "${inputs.output}", documents: "${steps.read}", entities: "${steps.extract}", redactions: "${steps.redact}", run: "${run}" } }
)";

} // namespace troupe::test
