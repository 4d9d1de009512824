// The service with the models of the repository: answers, loads, threads, its end.
#include "tests/actors/inference/both_models.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::inference;
using troupe::test::alone;
using troupe::test::both_models;
using troupe::test::fp32;
using troupe::test::model_folder;
using troupe::test::sample_texts;

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
