#include "actors/agents/pii_agent.hpp"
#include "actors/agents/words.hpp"
#include "actors/inference/ner_extract.hpp"
#include "actors/inference/service.hpp"
#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tests/support/files.hpp"
#include "troupe/v1/redaction.pb.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>

/// pii.redact with the model that ships with the repository.
namespace troupe::agents {
namespace {

using namespace std::chrono_literals;

struct fixture {
  fixture() {
    models.add_model("pii", troupe::test::source_folder() / "models" / "pii-rampart");
    auto started = agent_system::start();
    BOOST_REQUIRE(started);
    system = std::move(*started);
    BOOST_REQUIRE(system->add(inference::ner_extract_agent(models)));
    BOOST_REQUIRE(system->add(pii_redact_agent()));
  }
  ~fixture() {
    system->stop();
    models.stop();
  }

  v1::RedactReply redact(const std::string& text) {
    v1::RedactRequest request;
    request.set_text(text);
    request_options options;
    options.timeout = 60s;
    auto answer = expect_reply<v1::RedactReply>(
        system->request_and_wait({"pii.redact"}, share(std::move(request)), options));
    BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message));
    return **answer;
  }

  inference::service models;
  std::unique_ptr<agent_system> system;
};

struct expectation {
  std::string text;
  std::string redacted;
};

BOOST_FIXTURE_TEST_SUITE(pii_model, fixture)

BOOST_AUTO_TEST_CASE(names_and_addresses_go_as_whole_words) {
  const std::vector<expectation> cases{
      {"My name is Oscar Eriksson and my mail is oscar@example.org.",
       "My name is [GIVEN_NAME] [SURNAME] and my mail is [EMAIL]."},
      {"Call Ingrid Kowalski at (212) 555-0100.", "Call [GIVEN_NAME] [SURNAME] at [PHONE]."},
      {"Present: Conor O'Brien.", "Present: [GIVEN_NAME] [SURNAME]."},
      {"The quarterly figures are better than last year.",
       "The quarterly figures are better than last year."},
  };
  for (const auto& [text, redacted] : cases)
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(redact(text).text() == redacted);
    }
}

BOOST_AUTO_TEST_CASE(the_sample_documents_lose_no_half_words) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           troupe::test::source_folder() / "examples" / "documents")) {
    if (!entry.is_regular_file()) continue;
    const auto text = troupe::test::read_file(entry.path());
    const auto answer = redact(text);
    BOOST_TEST_MESSAGE(entry.path().filename() << "\n" << answer.text());
    for (const auto& one : answer.redactions()) {
      const auto& span = one.span();
      BOOST_TEST(answer.text().substr(one.redacted_start_byte(), one.replacement().size()) ==
                 one.replacement());
      BOOST_TEST(span.end_byte() > span.start_byte());
      BOOST_TEST(!is_word_character(code_point_before(text, span.start_byte())));
      BOOST_TEST(!is_word_character(code_point_at(text, span.end_byte())));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
