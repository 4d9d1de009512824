// The service with the models of the repository, which are small enough to load here.
#include "actors/inference/service.hpp"
#include "kernels/bert/ner_extractor.hpp"
#include "tests/actors/inference/answers.hpp"
#include "tests/support/files.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::inference;
using troupe::test::answers;

namespace {

const bert::engine_options fp32{.wanted = bert::precision::fp32};

std::filesystem::path model_folder(const std::string& name) {
  return test::source_folder() / "models" / name;
}

/// A service that knows both models of the repository.
struct both_models {
  service under_test;
  answers got;

  explicit both_models(service_options options) : under_test(options) {
    under_test.add_model("pii", model_folder("pii-rampart"), fp32);
    under_test.add_model("default", model_folder("ner-default"), fp32);
  }
  ~both_models() { under_test.stop(); } // while `got` still takes answers
  both_models(const both_models&) = delete;
  both_models& operator=(const both_models&) = delete;

  void ask(std::size_t number, const std::string& text, const std::string& model = "pii") {
    under_test.extract({model, std::make_shared<const std::string>(text)}, got.take(number));
  }
};

/// What one thread finds without the service.
std::vector<bert::ner_span> alone(const std::string& model, const std::string& text) {
  static std::map<std::string, bert::ner_extractor> loaded;
  auto found = loaded.find(model);
  if (found == loaded.end()) {
    auto made = bert::ner_extractor::make(bert::ner_model::load(model_folder(model), fp32).value());
    found = loaded.emplace(model, std::move(made.value())).first;
  }
  return found->second.extract(std::string_view{text}).value();
}

std::vector<std::string> sample_texts() {
  std::vector<std::string> texts{
      "Marta Lindqvist moved from Oslo to 48 Harbour Lane, Bergen.",
      "Call Tom on +1 202 555 0143.",
      "No names here.",
      "\xC3\x85sa \xC3\x96"
      "berg \xF0\x9F\x98\x80 wrote to asa@example.org about invoice 88-1234567.",
  };
  std::string growing;
  for (int i = 0; i < 40; ++i) {
    growing += "Passenger " + std::to_string(i) + " is Priya Raman of Elm Street " +
               std::to_string(100 + 7 * i) + ", Dover. ";
    texts.push_back(growing);
  }
  return texts;
}

} // namespace

BOOST_AUTO_TEST_SUITE(inference_service)

BOOST_AUTO_TEST_CASE(a_text_has_the_same_answer_alone_and_in_a_batch) {
  both_models node{{.mode = service_mode::manual}};
  const auto texts = sample_texts();
  for (std::size_t i = 0; i < texts.size(); ++i)
    node.ask(i, texts[i]);
  BOOST_TEST(node.got.size() == 0U);
  node.under_test.run_pending();
  std::size_t found = 0, longest = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto answer = node.got.at(i);
    BOOST_REQUIRE(answer);
    BOOST_TEST_CONTEXT(texts[i])
    BOOST_TEST((answer->spans == alone("pii-rampart", texts[i])));
    found += answer->spans.size();
    longest = std::max(longest, answer->windows);
  }
  BOOST_TEST(found > 100U);
  BOOST_TEST(longest > 1U);
  const auto stats = node.under_test.stats();
  BOOST_TEST(stats.texts == texts.size());
  BOOST_TEST(stats.batches < texts.size());
  BOOST_TEST(stats.batch_tokens > stats.tokens);
  BOOST_TEST(stats.busy_seconds > 0);
  BOOST_TEST(stats.waiting == 0U);
}

BOOST_AUTO_TEST_CASE(threads_serve_two_models_at_once) {
  both_models node{{.threads = 2, .batch_tokens = 600}};
  const auto texts = sample_texts();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    node.ask(2 * i, texts[i], "pii");
    node.ask(2 * i + 1, texts[i], "default");
  }
  node.got.wait_for(2 * texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    BOOST_TEST((node.got.at(2 * i)->spans == alone("pii-rampart", texts[i])));
    BOOST_TEST((node.got.at(2 * i + 1)->spans == alone("ner-default", texts[i])));
  }
}

// Idle threads help with it; nothing of that shows in the answer.
BOOST_AUTO_TEST_CASE(a_lone_text_has_the_same_answer_with_all_threads) {
  both_models node{{.threads = 3}};
  const auto texts = sample_texts();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    node.ask(i, texts[i], "default");
    node.got.wait_for(i + 1);
    BOOST_TEST((node.got.at(i)->spans == alone("ner-default", texts[i])));
  }
}

BOOST_AUTO_TEST_CASE(texts_without_pieces_need_no_engine) {
  both_models node{{.mode = service_mode::on_call}};
  node.ask(0, "");
  node.ask(1, " \n\t ");
  for (std::size_t i = 0; i < 2; ++i) {
    const auto answer = node.got.at(i);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->spans.empty());
    BOOST_TEST(answer->windows == 0U);
  }
  BOOST_TEST(node.under_test.stats().batches == 0U);
}

BOOST_AUTO_TEST_CASE(a_responder_may_ask_again) {
  both_models node{{.mode = service_mode::on_call}};
  node.under_test.extract({"pii", std::make_shared<const std::string>("Tom lives in Dover.")},
                          [&](reply<extraction> answer) {
                            node.got.take(0)(std::move(answer));
                            node.ask(1, "Priya lives in Bergen.");
                          });
  BOOST_TEST(node.got.failure_of(0) == "");
  BOOST_TEST(node.got.failure_of(1) == "");
}

BOOST_AUTO_TEST_CASE(unknown_models_and_folders_that_do_not_load_are_told_apart) {
  both_models node{{.mode = service_mode::manual}};
  node.under_test.add_model("broken", model_folder("no-such-folder"));
  node.ask(0, "text", "nobody");
  BOOST_TEST(node.got.failure_of(0) == "ner.unknown_model");
  node.ask(1, "text", "broken");
  node.ask(2, "text", "broken");
  node.under_test.run_pending();
  node.ask(3, "text", "broken");
  node.under_test.run_pending();
  for (std::size_t i = 1; i <= 3; ++i) {
    BOOST_TEST(node.got.failure_of(i) == "ner.model_load_failed");
    BOOST_TEST(!node.got.at(i).error().retryable);
    BOOST_TEST(node.got.at(i).error().message.find("no-such-folder") != std::string::npos);
  }
  node.under_test.add_model("broken", model_folder("pii-rampart"), fp32);
  node.ask(4, "Tom lives in Dover.", "broken");
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(4) == "");
  BOOST_TEST(node.under_test.models() == (std::vector<std::string>{"broken", "default", "pii"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_model_is_loaded_ahead_once_and_a_bad_folder_is_told_at_once) {
  both_models node{{.mode = service_mode::manual}};
  node.under_test.add_model("broken", model_folder("no-such-folder"));
  BOOST_TEST(node.under_test.load_model("pii").has_value());
  BOOST_TEST(node.under_test.load_model("pii").has_value());
  BOOST_TEST(node.under_test.stats().loads == 1U);
  node.ask(0, "Tom lives in Dover.");
  node.under_test.run_pending();
  BOOST_TEST(node.got.failure_of(0) == "");
  BOOST_TEST(node.under_test.stats().loads == 1U);

  const auto nobody = node.under_test.load_model("nobody");
  BOOST_REQUIRE(!nobody);
  BOOST_TEST(nobody.error().code == inference_errc::unknown_model);
  const auto broken = node.under_test.load_model("broken");
  BOOST_REQUIRE(!broken);
  BOOST_TEST(broken.error().context.find("model 'broken'") != std::string::npos);
  BOOST_TEST(broken.error().context.find("no-such-folder") != std::string::npos);
  node.under_test.stop();
  BOOST_TEST(node.under_test.load_model("default").error().code == inference_errc::stopping);
}

BOOST_AUTO_TEST_CASE(threads_that_want_one_model_at_once_load_it_once) {
  both_models node{{.threads = 2}};
  std::vector<std::thread> callers;
  std::atomic<int> loaded = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    node.ask(i, "Tom lives in Dover.");
    callers.emplace_back([&] { loaded += node.under_test.load_model("pii") ? 1 : 0; });
  }
  for (auto& caller : callers)
    caller.join();
  node.got.wait_for(4);
  BOOST_TEST(loaded == 4);
  BOOST_TEST(node.under_test.stats().loads == 1U);
}

BOOST_AUTO_TEST_CASE(a_load_that_failed_is_tried_again_after_the_backoff) {
  const test::temporary_folder folder;
  const auto late = folder.path() / "late-model";
  both_models patient{{.mode = service_mode::manual, .load_backoff = std::chrono::hours{1}}};
  both_models eager{{.mode = service_mode::manual, .load_backoff = std::chrono::milliseconds{0}}};
  for (auto* each : {&patient, &eager}) {
    each->under_test.add_model("late", late, fp32);
    each->ask(0, "Tom lives in Dover.", "late");
    each->under_test.run_pending();
    BOOST_TEST(each->got.failure_of(0) == "ner.model_load_failed");
  }
  std::filesystem::create_directory_symlink(model_folder("pii-rampart"), late);
  for (auto* each : {&patient, &eager}) {
    each->ask(1, "Tom lives in Dover.", "late");
    each->under_test.run_pending();
  }
  BOOST_TEST(patient.got.failure_of(1) == "ner.model_load_failed");
  BOOST_TEST(patient.under_test.stats().loads == 1U);
  BOOST_TEST(eager.got.failure_of(1) == "");
  BOOST_TEST(eager.under_test.stats().loads == 2U);
  BOOST_TEST(patient.under_test.load_model("late").has_value()); // who asks for it need not wait
}

BOOST_AUTO_TEST_CASE(a_responder_that_throws_harms_nobody_else) {
  both_models node{{.threads = 1}};
  const auto text = std::make_shared<const std::string>("Tom lives in Dover.");
  node.under_test.extract({"pii", text},
                          [](const auto&) { throw std::runtime_error{"the host is confused"}; });
  node.under_test.extract({"pii", text}, [](const auto&) { throw 42; });
  node.under_test.extract({"nobody", text}, [](const auto&) { throw 42; });
  node.ask(0, "Priya lives in Bergen.");
  node.got.wait_for(1);
  BOOST_TEST(node.got.failure_of(0) == "");
  node.under_test.stop();
  BOOST_TEST(node.under_test.stats().responder_exceptions == 3U);
}

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

BOOST_AUTO_TEST_CASE(what_a_model_cannot_read_is_refused_with_the_reason) {
  both_models node{{.mode = service_mode::on_call}};
  node.ask(0, "caf\xE9");
  BOOST_TEST(node.got.failure_of(0) == "ner.bad_request");
  node.under_test.extract(
      {.model = "pii", .text = std::make_shared<const std::string>("Tom"), .stride = 510},
      node.got.take(1));
  BOOST_TEST(node.got.failure_of(1) == "ner.bad_request");
  BOOST_TEST(!node.got.at(1).error().retryable);
  node.ask(2, std::string(bert::defaults::max_text_bytes + 1, 'a'));
  BOOST_TEST(node.got.failure_of(2) == "ner.bad_request");
  BOOST_TEST(node.under_test.stats().failed == 3U);
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

BOOST_AUTO_TEST_CASE(stopping_while_busy_answers_every_text_once) {
  both_models node{{.threads = 2}};
  for (std::size_t i = 0; i < 300; ++i)
    node.ask(i, "Priya Raman lives at Elm Street " + std::to_string(i) + ", Dover.");
  node.under_test.stop();
  for (std::size_t i = 0; i < 300; ++i)
    BOOST_TEST(node.got.failure_of(i) == "");
  node.ask(300, "late");
  BOOST_TEST(node.got.failure_of(300) == "ner.stopping");
}

BOOST_AUTO_TEST_CASE(stopping_without_patience_still_answers_every_text_once) {
  both_models node{{.threads = 2, .drain_bound = std::chrono::milliseconds{0}}};
  for (std::size_t i = 0; i < 300; ++i)
    node.ask(i, "Priya Raman lives at Elm Street " + std::to_string(i) + ", Dover.");
  node.under_test.stop();
  std::size_t given_up = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto type = node.got.failure_of(i);
    BOOST_TEST((type.empty() || type == "ner.stopping"));
    given_up += type.empty() ? 0U : 1U;
  }
  BOOST_TEST(given_up > 0U);
  BOOST_TEST(node.under_test.stats().waiting == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
