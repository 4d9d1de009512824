// The agent type: alone, its handlers called as the runtime calls them, and in an agent system.
#include "actors/inference/ner_extract.hpp"

#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tests/support/files.hpp"
#include "troupe/v1/ner.pb.h"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <optional>

using namespace troupe;
using namespace troupe::inference;

namespace {

class plain_context final : public call_context {
public:
  explicit plain_context(deadline expires) { header_.deadline = expires; }
  [[nodiscard]] const envelope_header& header() const override { return header_; }
  void request(agent_name, message_ptr, responder then) const override {
    then(tl::unexpected(failure{"test.no_agents", "", false}));
  }

private:
  envelope_header header_;
};

struct pii_service {
  service models{{.mode = service_mode::on_call}};
  agent_type type = ner_extract_agent(models);

  pii_service() {
    models.add_model("pii", test::source_folder() / "models" / "pii-rampart",
                     {.wanted = bert::precision::fp32});
  }

  reply<message_ptr> ask(const v1::NerRequest& request, deadline expires = deadline::max()) {
    auto agent = type.make({"ner.extract", "pii"});
    BOOST_REQUIRE(agent);
    std::optional<reply<message_ptr>> answer;
    (*agent)->handle(std::make_shared<const v1::NerRequest>(request),
                     std::make_shared<plain_context>(expires),
                     [&](reply<message_ptr> given) { answer = std::move(given); });
    BOOST_REQUIRE(answer);
    return *answer;
  }
};

v1::NerRequest request_for(const std::string& text) {
  v1::NerRequest request;
  request.set_text(text);
  request.set_name("letter.txt");
  return request;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(ner_extract, pii_service)

BOOST_AUTO_TEST_CASE(declares_what_it_answers) {
  BOOST_TEST(type.name == "ner.extract");
  BOOST_REQUIRE(type.methods.size() == 1);
  BOOST_TEST((type.methods[0].request == v1::NerRequest::descriptor()));
  BOOST_TEST((type.methods[0].reply == v1::NerReply::descriptor()));
}

BOOST_AUTO_TEST_CASE(answers_with_spans_in_all_three_units) {
  const auto answer = ask(request_for("\xF0\x9F\x98\x80 Oscar lives in Dover."));
  BOOST_REQUIRE(answer);
  const auto& found = dynamic_cast<const v1::NerReply&>(**answer);
  BOOST_TEST(found.name() == "letter.txt");
  BOOST_TEST(found.model() == "pii");
  BOOST_TEST(found.windows() == 1U);
  BOOST_TEST(found.tokens() > 4U);
  BOOST_REQUIRE(found.spans_size() >= 1);
  const auto& name = found.spans(0);
  BOOST_TEST(name.label() == "GIVEN_NAME");
  BOOST_TEST(name.word() == "oscar");
  BOOST_TEST(name.score() > 0.9);
  BOOST_TEST(name.start_byte() == 5U);
  BOOST_TEST(name.end_byte() == 10U);
  BOOST_TEST(name.start_codepoint() == 2U);
  BOOST_TEST(name.start_utf16() == 3U);
}

BOOST_AUTO_TEST_CASE(takes_aggregation_and_stride_from_the_request) {
  auto request = request_for("Oscar lives in Dover.");
  request.set_aggregation(v1::AGGREGATION_NONE);
  BOOST_TEST(dynamic_cast<const v1::NerReply&>(**ask(request)).spans(0).label() == "B-GIVEN_NAME");
  request.set_aggregation(static_cast<v1::Aggregation>(99));
  BOOST_TEST(ask(request).error().type == "ner.bad_request");
  request.set_aggregation(v1::AGGREGATION_MAX);
  request.set_stride(4'000);
  BOOST_TEST(ask(request).error().type == "ner.bad_request");
}

BOOST_AUTO_TEST_CASE(honours_the_deadline) {
  const auto answer = ask(request_for("Priya"), deadline{});
  BOOST_TEST(answer.error().type == "runtime.deadline_exceeded");
  BOOST_TEST(models.stats().batches == 0U);
}

BOOST_AUTO_TEST_CASE(keys_without_a_model_have_no_agent) {
  const auto agent = type.make({"ner.extract", "nobody"});
  BOOST_REQUIRE(!agent);
  BOOST_TEST(agent.error().type == "ner.unknown_model");
  BOOST_TEST(!agent.error().retryable);
}

BOOST_AUTO_TEST_CASE(serves_requests_of_an_agent_system) {
  service threaded{{.threads = 2}};
  threaded.add_model("pii", test::source_folder() / "models" / "pii-rampart");
  auto system = agent_system::start();
  BOOST_REQUIRE(system);
  BOOST_REQUIRE((*system)->add(ner_extract_agent(threaded)));
  const auto answer = expect_reply<v1::NerReply>((*system)->request_and_wait(
      {"ner.extract", "pii"}, share(request_for("Oscar lives in Dover.")), {}));
  BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message));
  BOOST_TEST((*answer)->spans(0).word() == "oscar");
  const auto nobody =
      (*system)->request_and_wait({"ner.extract", "nobody"}, share(request_for("Oscar")), {});
  BOOST_TEST(nobody.error().type == "ner.unknown_model");
  (*system)->stop();
}

BOOST_AUTO_TEST_SUITE_END()
