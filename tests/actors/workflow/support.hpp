#pragma once

#include "actors/workflow/definition.hpp"
#include "actors/workflow/machine.hpp"
#include "troupe/v1/files.pb.h"
#include "troupe/v1/ner.pb.h"
#include "troupe/v1/redaction.pb.h"
#include "troupe/v1/report.pb.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

using namespace troupe::workflow;

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

inline definition_ptr load(const std::string& yaml) {
  auto loaded = load_definition(yaml, "test.yaml", known_agents{});
  if (!loaded) throw std::runtime_error{to_string(loaded.error())};
  return *loaded;
}

template <class T>
T must(result<T> outcome) {
  if (!outcome) throw std::runtime_error{outcome.error().message()};
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

inline time_point at(double seconds) {
  return time_point{
      std::chrono::duration_cast<duration>(std::chrono::duration<double>{1.8e9 + seconds})};
}

inline message_ptr listing(std::size_t files) {
  auto made = std::make_shared<v1::ListFilesReply>();
  for (std::size_t i = 0; i < files; ++i) {
    v1::FileInfo& file = *made->add_files();
    file.set_name("d" + std::to_string(i));
    file.set_path("in/" + file.name());
    file.set_size_bytes(100 + i);
  }
  return made;
}

/// Answers a request of the main job by a fixed rule, so that results can be compared.
inline message_ptr answer(const google::protobuf::Message& request, std::size_t files = 3) {
  if (dynamic_cast<const v1::ListFilesRequest*>(&request)) return listing(files);
  if (const auto* read = dynamic_cast<const v1::ReadFileRequest*>(&request)) {
    auto made = std::make_shared<v1::ReadFileReply>();
    made->set_path(read->path());
    made->set_name(read->name());
    made->set_text("text of " + read->path());
    return made;
  }
  if (const auto* ner = dynamic_cast<const v1::NerRequest*>(&request)) {
    auto made = std::make_shared<v1::NerReply>();
    made->set_name(ner->name());
    made->set_tokens(static_cast<std::uint32_t>(ner->text().size()));
    return made;
  }
  if (const auto* redact = dynamic_cast<const v1::RedactRequest*>(&request)) {
    auto made = std::make_shared<v1::RedactReply>();
    made->set_name(redact->name());
    made->set_text("clean " + redact->text());
    return made;
  }
  if (const auto* write = dynamic_cast<const v1::WriteFileRequest*>(&request)) {
    auto made = std::make_shared<v1::WriteFileReply>();
    made->set_path(write->folder() + "/" + write->name());
    made->set_size_bytes(write->text().size());
    return made;
  }
  const auto& report = dynamic_cast<const v1::WriteReportRequest&>(request);
  auto made = std::make_shared<v1::WriteReportReply>();
  made->set_json_path(report.folder() + "/report.json");
  made->set_documents(static_cast<std::uint32_t>(report.documents_size()));
  return made;
}

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
