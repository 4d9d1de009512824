// A whole node: what it refuses to start with, and what its parts do together.
#include "actors/node.hpp"

#include "actors/inference/errc.hpp"
#include "actors/runtime/errc.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "kernels/bert/ner_model.hpp"
#include "tests/support/files.hpp"
#include "troupe/v1/ner.pb.h"

#include <boost/test/unit_test.hpp>

using namespace troupe;

namespace {

node_options with_pii_model() {
  node_options options;
  options.models["pii"] = test::source_folder() / "models" / "pii-rampart";
  options.engine_threads = 1;
  return options;
}

std::string failure_of(const result<std::unique_ptr<node>>& started) {
  BOOST_REQUIRE(!started);
  return started.error().message();
}

} // namespace

BOOST_AUTO_TEST_SUITE(one_node)

BOOST_AUTO_TEST_CASE(models_of_preload_are_loaded_before_start_returns) {
  auto options = with_pii_model();
  options.preload = {"pii"};
  const auto started = node::start(options, nullptr);
  BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message()));
  v1::NerRequest request;
  request.set_text("Oscar lives in Dover.");
  const auto answer = expect_reply<v1::NerReply>(
      (*started)->agents().request_and_wait({"ner.extract", "pii"}, share(request)));
  BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message));
  BOOST_TEST((*answer)->spans(0).word() == "oscar");
}

BOOST_AUTO_TEST_CASE(start_fails_with_the_reason_of_a_model_that_does_not_load) {
  auto options = with_pii_model();
  options.models["mine"] = "/no/such/model";
  options.preload = {"pii", "mine"};
  const auto why = failure_of(node::start(options, nullptr));
  BOOST_TEST_CONTEXT(why) {
    BOOST_TEST(why.find("model 'mine'") != std::string::npos);
    BOOST_TEST(why.find("/no/such/model") != std::string::npos);
  }
  options.preload = {"yours"};
  BOOST_TEST(failure_of(node::start(options, nullptr)).find("'yours'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_model_can_be_loaded_later_and_its_failure_leaves_the_node_usable) {
  auto options = with_pii_model();
  options.models["mine"] = "/no/such/model";
  const auto started = node::start(options, nullptr);
  BOOST_REQUIRE(started);
  BOOST_TEST(!(*started)->load_model("mine").has_value());
  BOOST_TEST((*started)->load_model("yours").error().code ==
             inference::inference_errc::unknown_model);
  BOOST_TEST((*started)->load_model("pii").has_value());
  const auto pii = (*started)->model("pii");
  BOOST_REQUIRE(pii);
  BOOST_TEST((*pii)->max_length() > 0U);
  BOOST_TEST(!(*started)->model("mine").has_value());
}

BOOST_AUTO_TEST_CASE(a_key_that_no_agent_can_have_is_refused) {
  node_options options;
  options.models["my/model"] = "/anywhere";
  const auto started = node::start(options, nullptr);
  BOOST_REQUIRE(!started);
  BOOST_TEST(started.error().code == runtime_errc::bad_agent_name);
  BOOST_TEST(started.error().context.find("'my/model'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_absurd_number_of_threads_is_refused) {
  auto options = with_pii_model();
  options.engine_threads = node_options::max_engine_threads + 1;
  const auto started = node::start(options, nullptr);
  BOOST_REQUIRE(!started);
  BOOST_TEST(started.error().code == runtime_errc::bad_option);
}

BOOST_AUTO_TEST_SUITE_END()
