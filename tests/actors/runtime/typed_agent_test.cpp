#include "tests/actors/runtime/support.hpp"

#include <memory>
#include <string>

namespace {

using namespace troupe;
using namespace troupe::test;

/// Two methods on one state, one of which answers later.
class counter {
public:
  explicit counter(const agent_name& name) : name_(name.to_string()) {}

  reply<number> add(const number& more, const call_context&) {
    if (more.value() < 0) return tl::unexpected(failure{"counter.negative", "only upwards", false});
    sum_ += more.value();
    return make_number(sum_);
  }
  void describe(std::shared_ptr<const text> question, std::shared_ptr<const call_context>,
                typed_responder<text> respond) {
    respond(make_text(question->value() + name_ + " is " + std::to_string(sum_)));
  }

private:
  std::string name_;
  std::int64_t sum_ = 0;
};

BOOST_AUTO_TEST_SUITE(runtime_typed_agents)

BOOST_AUTO_TEST_CASE(a_state_has_a_method_per_request_type) {
  stage stage;
  stage.add(stateful_agent<counter>("counter", "Counts")
                .on(&counter::add)
                .on(&counter::describe)
                .build());
  BOOST_REQUIRE(stage.system().find("counter")->methods.size() == 2U);
  answers got;
  for (const int more : {2, 40, -1})
    stage.system().request({"counter", "a"}, share(make_number(more)), {}, got.take());
  stage.ask(got, {"counter", "a"}, "who? ");
  stage.ask(got, {"counter", "b"}, "who? ");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 5U);
  BOOST_TEST((*expect_reply<number>(got.all[1]))->value() == 42);
  BOOST_TEST(got.failure_type(2) == "counter.negative");
  BOOST_TEST(got.text_at(3) == "who? counter/a is 42");
  BOOST_TEST(got.text_at(4) == "who? counter/b is 0");
}

BOOST_AUTO_TEST_CASE(answers_arrive_as_the_expected_type) {
  stage stage;
  stage.add(echo_agent("echo"));
  std::string seen, mistaken;
  stage.system().request({"echo"}, share(make_text("x")), {},
                         typed_then<text>([&](auto got) { seen = (*got)->value(); }));
  stage.system().request({"echo"}, share(make_text("x")), {},
                         typed_then<number>([&](auto got) { mistaken = got.error().type; }));
  stage.run();
  BOOST_TEST(seen == "x");
  BOOST_TEST(mistaken == "runtime.wrong_reply_type");
}

BOOST_AUTO_TEST_CASE(an_agent_used_by_hand_refuses_foreign_types_too) {
  const auto type = echo_agent("echo");
  const auto made = type.make({"echo"});
  BOOST_REQUIRE(made);
  answers got;
  (*made)->handle(share(make_number(1)), nullptr, got.take());
  BOOST_TEST(got.failure_type(0) == "runtime.wrong_request_type");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
