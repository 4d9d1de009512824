#pragma once

#include "actors/workflow/machine.hpp"
#include "tests/actors/workflow/known_agents.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

using namespace troupe::workflow;

inline definition_ptr load(const std::string& yaml) {
  auto loaded = load_definition(yaml, "test.yaml", known_agents{});
  if (!loaded) throw std::runtime_error{to_string(loaded.error())};
  return *loaded;
}

/// A definition of one step `a`; `more` is in it.
inline definition_ptr lone_step(const std::string& more) {
  return load("name: w\nsteps: { a: { agent: files.list" + more + " } }\n");
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

} // namespace troupe::test
