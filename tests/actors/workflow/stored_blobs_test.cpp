#include "actors/workflow/stored_blobs.hpp"

#include "actors/workflow/sha256.hpp"
#include "actors/workflow/store_prune.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_stored_blobs)

namespace {

namespace data = boost::unit_test::data;

std::int64_t blobs_in(const store_place& place) {
  return must(count_rows(*must(place.open_rows(true)), "SELECT count(*) FROM blobs"));
}

pruned_runs prune_all(const store_place& place) {
  prune_options options;
  options.closed_before = at(1e6);
  return must(prune_store(*must(place.open_rows(false)), options, {}));
}

} // namespace

BOOST_AUTO_TEST_CASE(what_is_cut_out_can_be_put_back) {
  BOOST_TEST(sha256("abc").size() == 32u);
  BOOST_TEST(to_hex(sha256("abc")) ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const std::size_t padding : {largest_inline_payload - 100, largest_inline_payload + 1}) {
    const std::string event = small_history("run", padding)[2];
    const auto cut = cut_payload(event);
    BOOST_REQUIRE(cut.has_value() == (padding > largest_inline_payload));
    if (!cut) continue;
    BOOST_TEST(cut->rest.size() + cut->payload.size() == event.size());
    BOOST_TEST(cut->rest.size() < 200u);
    std::string back = cut->rest;
    const auto at = static_cast<std::int64_t>(cut->at);
    BOOST_TEST(!put_payload_back(back, at, cut->hash, std::string{cut->payload}));
    BOOST_TEST((back == event));
    back = cut->rest;
    BOOST_TEST(put_payload_back(back, at, cut->hash, std::nullopt)->find("is missing") !=
               std::string::npos);
    for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{1'000'000}})
      BOOST_TEST(put_payload_back(back, wrong, cut->hash, std::string{cut->payload}).has_value());
    BOOST_TEST(put_payload_back(back, at, cut->hash, "other").has_value());
  }
  // What is no event is left as it is.
  BOOST_TEST(!cut_payload(std::string(400'000, '\xff')));
  BOOST_TEST(!cut_payload(std::string(400'000, '\0')));
  BOOST_TEST(!cut_payload("\x2a\xff\xff\xff\xff\x0f" + std::string(400'000, 'x')));
}

BOOST_DATA_TEST_CASE(equal_payloads_are_kept_once, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  {
    const auto into = must(place->open(at(0)));
    append(*into, small_run("one", 4, 300'000));
    append(*into, small_run("two", 4, 300'000));
    append(*into, small_run("three", 4, 300'001));
    append(*into, small_run("small", 4, 1'000));
    // In one transaction, too.
    const std::vector<append_batch> both{small_run("four", 4, 400'000),
                                         small_run("five", 4, 400'000)};
    must(into->append(both));
    BOOST_TEST((must(into->read("one")) == small_history("one", 300'000)));
  }
  BOOST_TEST(blobs_in(*place) == 3);
  const auto reading = must(place->open_to_read());
  for (const auto& [run, padding] : std::map<std::string, std::size_t>{
           {"one", 300'000}, {"two", 300'000}, {"three", 300'001}, {"five", 400'000}})
    BOOST_TEST((must(reading->read(run)) == small_history(run, padding)));
}

BOOST_DATA_TEST_CASE(one_that_is_damaged_or_gone_is_named, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  append(*must(place->open(at(0))), small_run("run", 4, 300'000));
  const auto reading = must(place->open_to_read());
  for (const auto& [sql, words] :
       {std::pair{"UPDATE blobs SET bytes = hash", "is not what was written"},
        std::pair{"DELETE FROM blobs", "is missing"}}) {
    place->execute(sql);
    const auto refused = reading->read("run");
    store_conformance::check_refused(refused, workflow_errc::store_damaged);
    BOOST_TEST(refused.error().context.find("event 3 of run 'run': the payload ") !=
                   std::string::npos,
               refused.error().context);
    BOOST_TEST(refused.error().context.find(words) != std::string::npos, refused.error().context);
  }
}

BOOST_DATA_TEST_CASE(a_refused_append_leaves_no_payload, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  const auto into = must(place->open(at(0)));
  append(*into, small_run("run"));
  BOOST_TEST(!into->append(std::vector{small_run("run", 4, 300'000)}));
  BOOST_TEST(blobs_in(*place) == 0);
}

BOOST_DATA_TEST_CASE(a_payload_goes_with_the_last_event_that_has_it, data::make(store_kinds),
                     kind) {
  const auto place = make_place(kind);
  {
    const auto into = must(place->open(at(0)));
    append(*into, small_run("closed", 4, 300'000));
    append(*into, small_run("open", 3, 300'000));
    append(*into, small_run("other", 4, 300'001));
  }
  const auto pruned = prune_all(*place);
  BOOST_TEST(pruned.runs == 2u);
  BOOST_TEST(pruned.payloads == 1u);
  BOOST_TEST(blobs_in(*place) == 1);
  BOOST_TEST(check(*place).is_good());
  BOOST_TEST((must(must(place->open_to_read())->read("open")).size() == 3u));
}

/// Whoever is killed between a payload and its event has kept both or none.
BOOST_DATA_TEST_CASE(a_process_that_is_killed_while_it_appends, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  must(place->open(at(0))); // makes it
  for (int round = 0; round < 6; ++round) {
    int told[2];
    BOOST_REQUIRE(pipe(told) == 0);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto into = place->open(store_place::clock::now());
      for (int i = 0; into; ++i) {
        append(**into, small_run(std::to_string(round) + "-" + std::to_string(i), 4,
                                 300'000 + static_cast<std::size_t>(i)));
        (void)!write(told[1], "x", 1);
      }
      _exit(1);
    }
    char done = 0;
    for (int i = 0; i <= round; ++i) // at another moment each time
      BOOST_REQUIRE(read(told[0], &done, 1) == 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(told[0]);
    close(told[1]);
    const auto found = check(*place);
    BOOST_TEST(found.is_good(), damages_of(found));
    BOOST_TEST(found.runs == static_cast<std::uint64_t>(blobs_in(*place)));
    BOOST_TEST(found.runs > 0u);
    // Each run has a payload of its own; those of one round are those of the others, too.
    prune_all(*place);
    BOOST_TEST(blobs_in(*place) == 0);
  }
}

/// Payloads are put in and taken out at once: no event is ever without its own.
BOOST_DATA_TEST_CASE(putting_and_collecting_at_once, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  auto owner = must(place->open(store_place::clock::now()));
  auto second = must(place->open(store_place::clock::now()));
  std::atomic<int> pruned = 0;
  std::atomic<bool> ending = false;
  std::jthread collector{[&] {
    while (!ending)
      pruned += static_cast<int>(prune_all(*place).runs);
  }};
  const auto put = [&](store& into, const std::string& name) {
    for (int i = 0; i < 40; ++i) {
      // Of three payloads, so that most are there already, or were a moment ago.
      append(into,
             small_run(name + std::to_string(i), 4, 300'000 + static_cast<std::size_t>(i % 3)));
      append(into, small_run(name + "open" + std::to_string(i), 3,
                             300'000 + static_cast<std::size_t>(i % 3)));
    }
  };
  {
    std::jthread other{[&] { put(*second, "second"); }};
    put(*owner, "first");
  }
  ending = true;
  collector.join();
  prune_all(*place);
  const auto found = check(*place);
  BOOST_TEST(found.is_good(), damages_of(found));
  BOOST_TEST(found.runs == 80u);
  BOOST_TEST(blobs_in(*place) == 3);
  BOOST_TEST(pruned > 0);
}

BOOST_AUTO_TEST_SUITE_END()
