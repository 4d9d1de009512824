#include "tests/actors/runtime/fragile.hpp"
#include "tests/actors/runtime/support.hpp"

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;

/// Restarts so often and so fast that only the quarantine ends the failures.
agent_options tough(std::uint32_t quarantine_after = 3) {
  agent_options options;
  options.restart = {.max_restarts = 1'000, .initial_backoff = 1ms, .backoff_coefficient = 1};
  options.quarantine_after = quarantine_after;
  return options;
}

/// The failure types of `times` requests, each sent when the agent is back.
std::vector<std::string> failures(stage& stage, const std::string& value, int times,
                                  request_options options = {}) {
  std::vector<std::string> types;
  for (int i = 0; i < times; ++i) {
    answers got;
    stage.ask(got, {"fragile"}, value, options);
    stage.advance(10ms);
    types.push_back(got.failure_type(0));
  }
  return types;
}

const std::string failed = "runtime.agent_failed", quarantined = "runtime.quarantined";

std::vector<dead_letter> letters(stage& stage) {
  auto listed = stage.system().dead_letters().list({});
  BOOST_REQUIRE(listed.has_value());
  return *listed;
}

BOOST_AUTO_TEST_SUITE(runtime_quarantine)

BOOST_AUTO_TEST_CASE(a_message_that_throws_again_and_again_is_put_away) {
  stage stage;
  stage.add(fragile_agent(tough()));
  const auto types = failures(stage, "throw", 4, {.idempotency_key = "step 1"});
  BOOST_TEST((types == std::vector{failed, failed, quarantined, quarantined}));
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.handler_exceptions == 3U, "the fourth did not reach the agent");
  BOOST_TEST(metrics.quarantined == 1U);
  BOOST_TEST(metrics.dead_letters_lost == 0U);
  const auto kept = letters(stage);
  BOOST_REQUIRE(kept.size() == 1U);
  const auto& letter = kept[0];
  BOOST_TEST(!letter.id.empty());
  BOOST_TEST(letter.target.to_string() == "fragile/default");
  BOOST_TEST(letter.idempotency_key == "step 1");
  BOOST_TEST(letter.attempts == 3U);
  BOOST_TEST(letter.why.type == failed);
  BOOST_TEST(letter.why.message.find("expected by the test") != std::string::npos);
  BOOST_TEST((letter.state == dead_letter_state::waiting));
  BOOST_TEST((letter.time <= stage.clock().wall_now()));
  const auto whole = stage.system().dead_letters().find(letter.id);
  BOOST_REQUIRE((whole && *whole));
  BOOST_TEST((*whole)->payload.type_url == "type.googleapis.com/google.protobuf.StringValue");
  BOOST_TEST((*whole)->payload.bytes == make_text("throw").SerializeAsString());
  BOOST_TEST((*whole)->size_bytes == (*whole)->payload.bytes.size());
}

BOOST_AUTO_TEST_CASE(it_is_not_retryable) {
  stage stage;
  stage.add(fragile_agent(tough(1)));
  answers got;
  stage.ask(got, {"fragile"}, "throw");
  stage.run();
  BOOST_TEST(got.failure_type(0) == quarantined);
  BOOST_TEST(!got.all.at(0).error().retryable);
}

BOOST_AUTO_TEST_CASE(without_a_key_the_same_payload_is_the_same_message) {
  stage stage;
  stage.add(fragile_agent(tough(2)));
  BOOST_TEST((failures(stage, "throw a", 1) == std::vector{failed}));
  BOOST_TEST((failures(stage, "throw b", 2) == std::vector{failed, quarantined}));
  BOOST_TEST((failures(stage, "throw a", 2) == std::vector{quarantined, quarantined}));
  BOOST_TEST((failures(stage, "good", 1) == std::vector<std::string>{""}));
  BOOST_TEST(letters(stage).size() == 2U);
}

BOOST_AUTO_TEST_CASE(different_keys_are_different_messages) {
  stage stage;
  stage.add(fragile_agent(tough(2)));
  for (const char* key : {"a", "b", "c"})
    BOOST_TEST((failures(stage, "throw", 1, {.idempotency_key = key}) == std::vector{failed}));
}

BOOST_AUTO_TEST_CASE(suspicion_ends_after_a_while) {
  stage stage;
  stage.add(fragile_agent(tough(2)));
  BOOST_TEST((failures(stage, "throw", 2) == std::vector{failed, quarantined}));
  stage.advance(runtime::defaults::suspicion);
  BOOST_TEST((failures(stage, "throw", 2) == std::vector{failed, quarantined}));
}

BOOST_AUTO_TEST_CASE(a_quarantine_can_be_switched_off) {
  stage stage;
  stage.add(fragile_agent(tough(0)));
  BOOST_TEST((failures(stage, "throw", 5) == std::vector<std::string>(5, failed)));
  BOOST_TEST(letters(stage).empty());
}

BOOST_AUTO_TEST_CASE(one_way_messages_are_quarantined_too) {
  stage stage;
  stage.add(fragile_agent(tough(2)));
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(stage.system().tell({"fragile"}, share(make_text("throw"))).has_value());
    stage.advance(10ms);
  }
  BOOST_TEST(stage.system().metrics().handler_exceptions == 2U);
  BOOST_TEST(stage.system().metrics().one_way_lost == 3U);
  BOOST_TEST(letters(stage).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_continuation_that_throws_counts_against_the_request_it_worked_for) {
  stage stage;
  stage.add(echo_agent("echo"));
  agent_options options = tough(2);
  stage.add(typed_agent<text, text>(
      "fragile", "Throws when the answer comes",
      [](std::shared_ptr<const text> request, std::shared_ptr<const call_context> context,
         typed_responder<text> respond) {
        context->request({"echo"}, request, [respond](reply<message_ptr>) {
          throw std::runtime_error{"expected by the test"};
        });
      },
      options));
  BOOST_TEST((failures(stage, "x", 3) == std::vector{failed, quarantined, quarantined}));
  BOOST_TEST(stage.system().metrics().handler_exceptions == 2U);
  BOOST_REQUIRE(letters(stage).size() == 1U);
  BOOST_TEST(letters(stage)[0].target.to_string() == "fragile/default");
}

BOOST_AUTO_TEST_CASE(blocking_agents_are_judged_alike) {
  const auto executor = std::make_shared<manual_executor>();
  stage stage{executor};
  auto options = tough(2);
  options.blocking = true;
  stage.add(fragile_agent(options));
  answers got;
  const auto settle = [&] {
    stage.run();
    while (executor->run_one())
      stage.run();
    stage.advance(10ms);
    while (executor->run_one())
      stage.run();
  };
  for (int i = 0; i < 3; ++i) {
    stage.ask(got, {"fragile"}, "throw");
    settle();
  }
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.failure_type(0) == failed);
  BOOST_TEST(got.failure_type(1) == quarantined);
  BOOST_TEST(got.failure_type(2) == quarantined);
  BOOST_TEST(letters(stage).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_dead_letter_is_sent_again_and_counts_from_none) {
  stage stage;
  bool mended = false;
  auto options = tough(2);
  stage.add(typed_agent<text, text>(
      "fragile", "Throws until it is mended",
      [&mended](const text& request, const call_context&) -> reply<text> {
        if (!mended) throw std::runtime_error{"expected by the test"};
        return make_text("mended " + request.value());
      },
      options));
  BOOST_TEST((failures(stage, "x", 2) == std::vector{failed, quarantined}));
  const auto letter = stage.system().dead_letters().find(letters(stage).at(0).id);
  BOOST_REQUIRE((letter && *letter));
  answers got;
  stage.system().replay(**letter, 1s, got.take());
  stage.advance(10ms);
  BOOST_TEST(got.failure_type(0) == failed, "not mended yet, but handed over again");
  mended = true;
  stage.system().replay(**letter, 1s, got.take());
  stage.advance(10ms);
  BOOST_TEST(got.text_at(1) == "mended x");
  auto unreadable = **letter;
  unreadable.payload.type_url = "type.googleapis.com/no.such.Type";
  stage.system().replay(unreadable, 1s, got.take());
  BOOST_TEST(got.failure_type(2) == "runtime.unreadable_dead_letter");
}

/// A store that is out of order.
class broken_store final : public dead_letter_store {
public:
  result<void> append(const dead_letter&) override { throw std::runtime_error{"out of order"}; }
  result<std::vector<dead_letter>> list(const dead_letter_filter&) override { return {}; }
  result<std::optional<dead_letter>> find(const std::string&) override { return {}; }
  result<bool> mark_replayed(const std::string&) override { return false; }
  result<bool> remove(const std::string&) override { return false; }
};

BOOST_AUTO_TEST_CASE(a_letter_that_cannot_be_kept_is_counted) {
  agent_system_options wanted;
  wanted.dead_letters = std::make_shared<broken_store>();
  wanted.worker_threads = 1;
  auto system = agent_system::start(std::move(wanted));
  BOOST_REQUIRE(system.has_value());
  BOOST_REQUIRE((*system)->add(fragile_agent(tough(1))).has_value());
  const auto got = (*system)->request_and_wait({"fragile"}, share(make_text("throw")));
  BOOST_TEST((!got && got.error().type == quarantined));
  (*system)->stop(); // ends what the executor has accepted
  BOOST_TEST((*system)->metrics().dead_letters_lost == 1U);
}

dead_letter letter_of(const std::string& id) {
  dead_letter letter;
  letter.id = id;
  return letter;
}

std::string ids(dead_letter_store& store, const dead_letter_filter& filter = {}) {
  std::string all;
  const auto listed = store.list(filter);
  for (const auto& each : listed.value())
    all += each.id;
  return all;
}

BOOST_AUTO_TEST_CASE(the_store_is_bounded_and_lets_replayed_ones_go_first) {
  const auto store = make_memory_dead_letters(3);
  for (const char* id : {"a", "b", "c"})
    BOOST_REQUIRE(store->append(letter_of(id)).has_value());
  BOOST_TEST(store->mark_replayed("b").value());
  BOOST_TEST(!store->mark_replayed("x").value());
  BOOST_TEST(ids(*store) == "cba");
  BOOST_TEST(ids(*store, {.state = dead_letter_state::replayed}) == "b");
  BOOST_TEST(ids(*store, {.limit = 2}) == "cb");
  BOOST_REQUIRE(store->append(letter_of("d")).has_value());
  BOOST_TEST(ids(*store) == "dca");
  BOOST_REQUIRE(store->append(letter_of("e")).has_value());
  BOOST_TEST(ids(*store) == "edc");
  BOOST_TEST(store->remove("d").value());
  BOOST_TEST(!store->remove("d").value());
  BOOST_TEST(ids(*store) == "ec");
  BOOST_TEST(!store->find("d").value().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
