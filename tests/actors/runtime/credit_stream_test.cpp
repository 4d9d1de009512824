#include "actors/runtime/credit_stream.hpp"
#include "tests/actors/runtime/fragile.hpp"
#include "tests/actors/runtime/support.hpp"

#include <algorithm>
#include <memory>
#include <rapidcheck.h>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;

std::string item_text(std::size_t i, std::size_t length = 4) {
  return std::to_string(i) + std::string(length, 'x');
}

/// Sends items of the given lengths as long as there is credit, then closes.
struct sender : std::enable_shared_from_this<sender> {
  explicit sender(std::vector<std::size_t> item_lengths) : lengths(std::move(item_lengths)) {}

  std::vector<std::size_t> lengths;
  std::size_t next = 0;
  std::vector<std::string> ends;
  std::shared_ptr<credit_stream> stream;
  std::function<void(reply<void>)> then;

  credit_stream::callbacks callbacks() {
    return {[self = shared_from_this()] { self->pump(); },
            [self = shared_from_this()](const reply<void>& how) {
              self->ends.push_back(how ? "well" : how.error().type);
              if (self->then) self->then(how);
            }};
  }
  void pump() {
    while (next < lengths.size()) {
      if (stream->send(share(make_text(item_text(next, lengths[next])))) !=
          credit_stream::sent::accepted)
        return;
      ++next;
    }
    stream->close();
  }
};

std::shared_ptr<sender> open(stage& stage, std::vector<std::size_t> lengths,
                             const agent_name& target, const credit_stream_options& options = {}) {
  auto made = std::make_shared<sender>(std::move(lengths));
  made->stream = credit_stream::open(stage.system(), target, options, made->callbacks());
  made->pump();
  return made;
}

BOOST_AUTO_TEST_SUITE(runtime_credit_streams)

BOOST_AUTO_TEST_CASE(the_receiver_sets_the_pace) {
  stage stage;
  const auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  const auto sender = open(stage, std::vector<std::size_t>(5, 4), {"hold"}, {.max_items = 2});
  stage.run();
  BOOST_TEST(held->requests.size() == 2U, "without an answer there is no more credit");
  held->responders.at(1)(make_text("the second first"));
  stage.run();
  BOOST_TEST(held->requests.size() == 3U);
  for (std::size_t i = 0; i < held->responders.size(); ++i) {
    held->responders.at(i)(make_text("taken"));
    stage.run();
  }
  BOOST_REQUIRE(held->requests.size() == 5U);
  for (std::size_t i = 0; i < 5; ++i)
    BOOST_TEST(held->requests[i]->value() == item_text(i));
  BOOST_TEST((sender->ends == std::vector<std::string>{"well"}));
  BOOST_TEST((sender->stream->send(share(make_text("x"))) == credit_stream::sent::ended));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_nor_too_much_under_way_nor_out_of_order) {
  const bool holds = rc::check("credit", [] {
    credit_stream_options options;
    options.max_items = *rc::gen::inRange<std::size_t>(1, 6);
    options.max_bytes = *rc::gen::inRange<std::size_t>(1, 60);
    const auto lengths =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 40));
    stage stage;
    const auto held = std::make_shared<hostage>();
    stage.add(holding_agent("hold", held));
    const auto sender = open(stage, lengths, {"hold"}, options);
    std::vector<std::string> arrived;
    while (true) {
      stage.run();
      const auto& stream = *sender->stream;
      RC_ASSERT(stream.items_under_way() <= options.max_items);
      RC_ASSERT(stream.bytes_under_way() <= options.max_bytes || stream.items_under_way() == 1);
      RC_ASSERT(held->responders.size() == stream.items_under_way());
      for (const auto& each : held->requests)
        arrived.push_back(each->value());
      held->requests.clear();
      if (held->responders.empty()) break;
      const auto which = *rc::gen::inRange<std::size_t>(0, held->responders.size());
      held->responders.at(which)(make_text("taken"));
      held->responders.erase(held->responders.begin() + static_cast<std::ptrdiff_t>(which));
    }
    std::vector<std::string> sent;
    for (std::size_t i = 0; i < lengths.size(); ++i)
      sent.push_back(item_text(i, lengths[i]));
    RC_ASSERT(arrived == sent);
    RC_ASSERT(sender->ends == std::vector<std::string>{"well"});
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_fails_ends_the_stream) {
  stage stage;
  stage.add(fragile_agent());
  const auto made = std::make_shared<sender>(std::vector<std::size_t>{});
  made->stream =
      credit_stream::open(stage.system(), {"fragile"}, {.max_items = 2}, made->callbacks());
  BOOST_TEST((made->stream->send(share(make_text("throw"))) == credit_stream::sent::accepted));
  BOOST_TEST((made->stream->send(share(make_text("x"))) == credit_stream::sent::accepted));
  BOOST_TEST((made->stream->send(share(make_text("y"))) == credit_stream::sent::no_credit));
  stage.advance(1s);
  BOOST_TEST((made->ends == std::vector<std::string>{"runtime.agent_failed"}));
  BOOST_TEST((made->stream->send(share(make_text("y"))) == credit_stream::sent::ended));
  BOOST_TEST(made->stream->items_under_way() == 0U);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_does_not_answer_ends_it_at_the_deadline) {
  stage stage;
  const auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  const auto sender =
      open(stage, std::vector<std::size_t>(5, 4), {"hold"}, {.max_items = 1, .timeout = 100ms});
  stage.advance(60ms);
  held->responders.at(0)(make_text("taken"));
  stage.advance(39ms);
  BOOST_TEST(sender->ends.empty());
  stage.advance(1ms + runtime::defaults::timer_step);
  BOOST_TEST((sender->ends == std::vector<std::string>{"runtime.deadline_exceeded"}),
             "the deadline is the stream's, not the item's");
  BOOST_TEST(held->requests.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_system_that_stops_ends_it) {
  stage stage;
  const auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  const auto sender = open(stage, std::vector<std::size_t>(5, 4), {"hold"}, {.max_items = 2});
  stage.run();
  stage.system().stop();
  BOOST_TEST((sender->ends == std::vector<std::string>{"runtime.stopping"}));
  BOOST_TEST(stage.system().metrics().in_flight == 0U);
}

BOOST_AUTO_TEST_CASE(it_can_be_cancelled_and_an_empty_one_ends_well) {
  stage stage;
  const auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  const auto cancelled = open(stage, std::vector<std::size_t>(5, 4), {"hold"}, {.max_items = 2});
  cancelled->stream->cancel({"test.cancelled", "enough", false});
  stage.run();
  for (const auto& respond : held->responders)
    respond(make_text("taken"));
  stage.run();
  BOOST_TEST((cancelled->ends == std::vector<std::string>{"test.cancelled"}));
  BOOST_TEST(held->requests.size() == 2U);
  BOOST_TEST((open(stage, {}, {"hold"})->ends == std::vector<std::string>{"well"}));
}

BOOST_AUTO_TEST_CASE(an_agent_streams_to_another_within_its_call) {
  stage stage;
  const auto heard = std::make_shared<std::vector<std::string>>();
  stage.add(typed_agent<text, text>("sink", "Keeps what it hears",
                                    [heard](const text& item, const call_context&) -> reply<text> {
                                      heard->push_back(item.value());
                                      return text{};
                                    }));
  stage.add(typed_agent<text, text>(
      "source", "Streams to another",
      [](std::shared_ptr<const text>, std::shared_ptr<const call_context> context,
         typed_responder<text> respond) {
        const auto made = std::make_shared<sender>(std::vector<std::size_t>(1'000, 4));
        made->then = [respond](const reply<void>& how) {
          respond(make_text(how ? "done" : how.error().type));
        };
        made->stream =
            credit_stream::open(std::move(context), {"sink"}, {.max_items = 3}, made->callbacks());
        made->pump();
      }));
  answers got;
  stage.ask(got, {"source"}, "go");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.text_at(0) == "done");
  BOOST_REQUIRE(heard->size() == 1'000U);
  for (std::size_t i = 0; i < heard->size(); ++i)
    BOOST_TEST(heard->at(i) == item_text(i));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
