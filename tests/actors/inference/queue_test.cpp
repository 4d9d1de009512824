// What waits in the service: order, deadlines, bounds, equal texts, texts that nobody wants any more.
#include "tests/actors/inference/both_models.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::inference;
using troupe::test::alone;
using troupe::test::both_models;
using troupe::test::sample_texts;

BOOST_AUTO_TEST_SUITE(inference_queue)

BOOST_AUTO_TEST_CASE(texts_too_late_make_room_for_others_while_a_backlog_waits) {
  both_models node{{.mode = service_mode::manual, .batch_tokens = 1, .max_waiting_texts = 3}};
  const auto text = std::make_shared<const std::string>("Tom lives in Dover.");
  const auto past = std::chrono::system_clock::now() - std::chrono::seconds{1};
  node.ask(0, *text);
  // The first answer comes while the other two still wait behind it: one is late, one has time.
  node.under_test.extract({.model = "pii", .text = text, .expires = past},
                          [&](reply<extraction> answer) {
                            node.got.take(1)(std::move(answer));
                            node.ask(3, *text);
                          });
  node.ask(2, *text);
  BOOST_TEST(node.under_test.stats().waiting_bytes == 3 * text->size());
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(1) == "runtime.deadline_exceeded");
  for (const std::size_t i : {0, 2, 3})
    BOOST_TEST(node.got.failure_of(i) == "");
  BOOST_TEST(node.under_test.stats().waiting_bytes == 0U);
}

BOOST_AUTO_TEST_CASE(beyond_its_bounds_the_service_refuses_visibly) {
  both_models few{{.mode = service_mode::manual, .max_waiting_texts = 2}};
  for (std::size_t i = 0; i < 3; ++i)
    few.ask(i, "Tom");
  BOOST_TEST(few.got.failure_of(2) == "ner.overloaded");
  BOOST_TEST(few.got.at(2).error().retryable);
  few.under_test.run_pending();
  few.ask(3, "Tom");
  few.under_test.run_pending();
  BOOST_TEST(few.got.failure_of(3) == "");
  BOOST_TEST(few.under_test.stats().rejected == 1U);

  both_models small{{.mode = service_mode::manual, .max_waiting_bytes = 10}};
  small.ask(0, "123456");
  small.ask(1, "12345");
  BOOST_TEST(small.got.failure_of(1) == "ner.overloaded");
}

BOOST_AUTO_TEST_CASE(texts_whose_deadline_passed_do_not_use_the_engine) {
  both_models node{{.mode = service_mode::manual}};
  const auto past = std::chrono::system_clock::now() - std::chrono::seconds{1};
  node.under_test.extract({.model = "pii",
                           .text = std::make_shared<const std::string>("Tom lives in Dover."),
                           .expires = past},
                          node.got.take(0));
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(0) == "runtime.deadline_exceeded");
  BOOST_TEST(node.under_test.stats().batches == 0U);
  BOOST_TEST(node.under_test.stats().expired == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_due_first_goes_before_what_came_earlier) {
  both_models node{
      {.mode = service_mode::manual, .batch_tokens = 64, .patience = std::chrono::hours{4}}};
  std::vector<std::string> order;
  const auto ask = [&](const std::string& text, deadline expires) {
    node.under_test.extract(
        {.model = "pii", .text = std::make_shared<const std::string>(text), .expires = expires},
        [&order, text](const reply<extraction>& answer) {
          BOOST_TEST(answer.has_value());
          order.push_back(text.substr(0, 3));
        });
  };
  ask("Ann lives in Dover.", deadline::max()); // loads the model
  node.under_test.run_pending();
  const auto in = [](std::chrono::hours time) { return std::chrono::system_clock::now() + time; };
  std::string longer = "Bob lives in Dover.";
  for (int i = 0; i < 10; ++i)
    longer += " Bob lives in Dover.";
  ask(longer, deadline::max());
  ask("Cal" + longer, in(std::chrono::hours{3}));
  ask("Dan" + longer, deadline::max());
  // An equal text that is due earlier does not wait for the one before it.
  ask("Dan" + longer, in(std::chrono::hours{2}));
  ask("Eve" + longer, in(std::chrono::hours{1}));
  node.under_test.run_pending();
  BOOST_TEST(order == (std::vector<std::string>{"Ann", "Eve", "Dan", "Cal", "Bob", "Dan"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(equal_texts_that_wait_are_computed_once) {
  both_models node{{.mode = service_mode::manual}};
  const std::string text = "Marta Lindqvist moved from Oslo to Bergen.";
  node.ask(0, text);
  node.under_test.run_pending();
  const auto once = node.under_test.stats().batch_tokens;
  for (std::size_t i = 1; i <= 50; ++i)
    node.ask(i, text);
  node.ask(51, text + " ");
  node.ask(52, text, "default");
  node.under_test.extract({.model = "pii",
                           .text = std::make_shared<const std::string>(text),
                           .how = bert::aggregation::none},
                          node.got.take(53));
  node.under_test.run_pending();
  for (std::size_t i = 1; i <= 50; ++i)
    BOOST_TEST((node.got.at(i)->spans == node.got.at(0)->spans));
  BOOST_TEST((node.got.at(52)->spans == alone("ner-default", text)));
  BOOST_TEST((node.got.at(53)->spans != node.got.at(0)->spans));
  const auto stats = node.under_test.stats();
  // Itself before, once more, with a blank behind it, by the other model (of another vocabulary), and decoded otherwise.
  BOOST_TEST(stats.batch_tokens > 4 * once - once / 2);
  BOOST_TEST(stats.batch_tokens < 6 * once);
  BOOST_TEST(stats.texts == 54U);
  BOOST_TEST(stats.waiting == 0U);
  BOOST_TEST(stats.waiting_bytes == 0U);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_passed_is_not_that_of_equal_texts) {
  both_models node{{.mode = service_mode::manual}};
  const auto text = std::make_shared<const std::string>("Tom lives in Dover.");
  const auto past = std::chrono::system_clock::now() - std::chrono::seconds{1};
  node.under_test.extract({.model = "pii", .text = text, .expires = past}, node.got.take(0));
  node.ask(1, *text);
  node.under_test.extract({.model = "pii", .text = text, .expires = past}, node.got.take(2));
  node.ask(3, *text);
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(0) == "runtime.deadline_exceeded");
  BOOST_TEST(node.got.failure_of(2) == "runtime.deadline_exceeded");
  BOOST_TEST((node.got.at(1)->spans == alone("pii-rampart", *text)));
  BOOST_TEST((node.got.at(3)->spans == node.got.at(1)->spans));
  BOOST_TEST(node.under_test.stats().batches == 1U);
}

BOOST_AUTO_TEST_CASE(what_nobody_wants_any_more_ends_between_two_batches) {
  both_models node{{.mode = service_mode::manual, .batch_tokens = 64}};
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += "Tom " + std::to_string(i) + " lives in Dover. ";
  const auto shared = std::make_shared<const std::string>(text);
  int asked = 0;
  node.under_test.extract(
      {.model = "pii", .text = shared, .abandoned = [&] { return ++asked > 2; }}, node.got.take(0));
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(0) == "ner.abandoned");
  BOOST_TEST(node.under_test.stats().batches == 2U);
  // Whoever asked for the same goes on.
  node.under_test.extract({.model = "pii", .text = shared, .abandoned = [] { return true; }},
                          node.got.take(1));
  node.ask(2, text);
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(1) == "ner.abandoned");
  BOOST_TEST((node.got.at(2)->spans == alone("pii-rampart", text)));
  BOOST_TEST(node.under_test.stats().waiting == 0U);
}

BOOST_AUTO_TEST_CASE(equal_texts_from_many_threads_are_all_answered) {
  both_models node{{.threads = 2}};
  const auto texts = sample_texts();
  constexpr std::size_t askers = 4;
  {
    std::vector<std::jthread> threads;
    for (std::size_t asker = 0; asker < askers; ++asker)
      threads.emplace_back([&, asker] {
        for (std::size_t i = 0; i < texts.size(); ++i)
          node.ask(asker * texts.size() + i, texts[i]);
      });
  }
  node.got.wait_for(askers * texts.size());
  for (std::size_t i = 0; i < askers * texts.size(); ++i)
    BOOST_TEST((node.got.at(i)->spans == alone("pii-rampart", texts[i % texts.size()])));
}

BOOST_AUTO_TEST_SUITE_END()
