#include "actors/agents/file_agents.hpp"
#include "actors/agents/pii_agent.hpp"
#include "actors/agents/report_agent.hpp"
#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tests/actors/agents/html_check.hpp"
#include "tests/actors/agents/report_builder.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

/// The agents as users meet them: requests and replies through an agent system.
namespace troupe::agents {
namespace {

using namespace std::chrono_literals;
using troupe::test::read_file;
using troupe::test::temporary_folder;
using troupe::test::write_file;

/// Stands in for the model: "Lind" is a surname, and the text "fail" makes it fail.
reply<v1::NerReply> extract(const v1::NerRequest& request, const call_context& context) {
  BOOST_TEST(context.header().target.key == "pii");
  if (request.text() == "fail")
    return tl::unexpected(failure{"inference.overloaded", "try later", true});
  v1::NerReply answer;
  answer.set_name(request.name());
  if (request.text().find("Lind") != std::string::npos)
    *answer.add_spans() = test::span_of(request.text(), "Lin", "SURNAME");
  return answer;
}

struct fixture {
  fixture() {
    auto started = agent_system::start();
    BOOST_REQUIRE(started);
    system = std::move(*started);
    for (auto& type :
         {files_list_agent(), files_read_agent(), files_write_agent(), pii_redact_agent(),
          report_write_agent(),
          typed_agent<v1::NerRequest, v1::NerReply>("ner.extract", "A stand-in", extract)})
      BOOST_REQUIRE(system->add(type));
  }

  template <class Reply, class Request>
  reply<Reply> ask(const std::string& agent, Request request) {
    request_options options;
    options.timeout = 20s;
    auto answer =
        expect_reply<Reply>(system->request_and_wait({agent}, share(std::move(request)), options));
    if (!answer) return tl::unexpected(answer.error());
    return **answer;
  }

  std::unique_ptr<agent_system> system;
};

BOOST_FIXTURE_TEST_SUITE(agents_end_to_end, fixture)

BOOST_AUTO_TEST_CASE(a_folder_is_read_redacted_written_and_reported) {
  const temporary_folder in, out;
  write_file(in.path() / "a.txt", "Zoë Lind <zoe@example.org> in Paris\n");
  write_file(in.path() / "sub/b.md", "Nothing here\xff\n");
  v1::ListFilesRequest list;
  list.set_folder(in.path());
  list.set_recursive(true);
  const auto files = ask<v1::ListFilesReply>("files.list", list);
  BOOST_REQUIRE(files);
  BOOST_REQUIRE_EQUAL(files->files_size(), 2);
  v1::WriteReportRequest report;
  for (const auto& file : files->files()) {
    v1::ReadFileRequest read;
    read.set_path(file.path());
    read.set_name(file.name());
    const auto text = ask<v1::ReadFileReply>("files.read", read);
    BOOST_REQUIRE(text);
    *report.add_documents() = *text;
    v1::RedactRequest redact;
    redact.set_name(text->name());
    redact.set_text(text->text());
    const auto redacted = ask<v1::RedactReply>("pii.redact", redact);
    BOOST_REQUIRE(redacted);
    *report.add_redactions() = *redacted;
    v1::WriteFileRequest write;
    write.set_folder(out.path() / "redacted");
    write.set_name(redacted->name());
    write.set_text(redacted->text());
    BOOST_REQUIRE(ask<v1::WriteFileReply>("files.write", write));
  }
  BOOST_TEST(read_file(out.path() / "redacted/a.txt") == "Zoë [SURNAME] <[EMAIL]> in Paris\n");
  BOOST_TEST(read_file(out.path() / "redacted/sub/b.md") == "Nothing here\uFFFD\n");
  report.set_folder(out.path());
  const auto written = ask<v1::WriteReportReply>("report.write", report);
  BOOST_REQUIRE(written);
  BOOST_TEST(written->documents() == 2U);
  BOOST_REQUIRE_EQUAL(written->redactions_size(), 2);
  BOOST_TEST(written->redactions(0).label() == "EMAIL");
  const auto json = nlohmann::json::parse(read_file(written->json_path()));
  BOOST_TEST(json["documents"][1]["replaced_sequences"] == 1);
  BOOST_TEST(test::complaint(read_file(written->html_path())) == "");
}

BOOST_AUTO_TEST_CASE(failures_are_typed) {
  v1::ReadFileRequest read;
  read.set_path("/nonexistent/a.txt");
  const auto missing = ask<v1::ReadFileReply>("files.read", read);
  BOOST_REQUIRE(!missing);
  BOOST_TEST(missing.error().type == "files.not_found");
  v1::RedactRequest redact;
  redact.set_text("fail");
  const auto overloaded = ask<v1::RedactReply>("pii.redact", redact);
  BOOST_REQUIRE(!overloaded);
  BOOST_TEST(overloaded.error().type == "inference.overloaded");
  BOOST_TEST(overloaded.error().retryable);
  redact.set_text("Zoë");
  redact.set_style(v1::REDACTION_STYLE_PSEUDONYMS);
  BOOST_TEST(ask<v1::RedactReply>("pii.redact", redact).error().type == "pii.missing_key");
}

BOOST_AUTO_TEST_CASE(an_empty_text_asks_no_model) {
  v1::RedactRequest redact;
  redact.set_name("empty");
  const auto answer = ask<v1::RedactReply>("pii.redact", redact);
  BOOST_REQUIRE(answer);
  BOOST_TEST(answer->name() == "empty");
  BOOST_TEST(answer->text().empty());
}

/// Many at once through the bounded executors: every request gets its own answer.
BOOST_AUTO_TEST_CASE(many_texts_at_once) {
  std::vector<std::thread> callers;
  callers.reserve(4);
  std::atomic<int> right = 0;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 50; ++i) {
        v1::RedactRequest redact;
        redact.set_text("u" + std::to_string(caller) + "x" + std::to_string(i) +
                        "@example.org Lind " + std::to_string(i));
        const auto answer = ask<v1::RedactReply>("pii.redact", redact);
        right += answer && answer->text() == "[EMAIL] [SURNAME] " + std::to_string(i) ? 1 : 0;
      }
    });
  for (auto& caller : callers)
    caller.join();
  BOOST_TEST(right == 200);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
