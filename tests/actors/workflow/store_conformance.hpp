#pragma once

#include "actors/workflow/errors.hpp"
#include "actors/workflow/store.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::test {

using namespace troupe::workflow;

/// What every store must do. A suite calls it with a way to open further owners of one and the same
/// store.
struct store_conformance {
  using clock = std::chrono::system_clock;
  /// Opens the store as a new owner whose lease begins at `now`.
  std::function<std::unique_ptr<store>(clock::time_point now)> open;
  clock::time_point now{std::chrono::seconds{1'800'000'000}};

  static append_batch batch(const std::string& run, std::uint64_t after,
                            std::vector<std::string> events, std::int32_t status = 1) {
    append_batch made;
    made.entry.run_id = run;
    made.entry.workflow = "w";
    made.entry.workflow_version = "1";
    made.entry.status = status;
    made.entry.started = clock::time_point{std::chrono::seconds{1'800'000'000}};
    made.expected_version = after;
    made.events = std::move(events);
    return made;
  }
  static append_batch under(std::uint64_t epoch, append_batch made) {
    made.epoch = epoch;
    return made;
  }
  static result<void> append(store& into, const append_batch& one) {
    return into.append({&one, 1});
  }
  template <class T>
  static void check_refused(const result<T>& outcome, workflow_errc expected) {
    BOOST_TEST(!outcome);
    if (!outcome) BOOST_TEST((outcome.error().code == expected), outcome.error().message());
  }

  /// All but `too_many_signals`, which waits for the disk a thousand times.
  void run_all() {
    BOOST_TEST_CONTEXT("append_and_read") {
      append_and_read();
    }
    BOOST_TEST_CONTEXT("optimistic") {
      optimistic();
    }
    BOOST_TEST_CONTEXT("groups") {
      groups();
    }
    BOOST_TEST_CONTEXT("listing") {
      listing();
    }
    BOOST_TEST_CONTEXT("tagging") {
      tagging();
    }
    BOOST_TEST_CONTEXT("ownership") {
      ownership();
    }
    BOOST_TEST_CONTEXT("claims_at_once") {
      claims_at_once();
    }
    BOOST_TEST_CONTEXT("expiry") {
      expiry();
    }
    BOOST_TEST_CONTEXT("fencing") {
      fencing();
    }
    BOOST_TEST_CONTEXT("cancelling") {
      cancelling();
    }
    BOOST_TEST_CONTEXT("signalling") {
      signalling();
    }
    BOOST_TEST_CONTEXT("signal_bounds") {
      bounds_of_signals();
    }
  }

  void append_and_read() {
    auto one = open(now);
    const std::string odd{"\0\xff\n", 3};
    BOOST_REQUIRE(append(*one, batch("a", 0, {"first", odd, ""})));
    BOOST_REQUIRE(append(*one, batch("a", 3, {"fourth"}, 2)));
    const std::vector<std::string> expected{"first", odd, "", "fourth"};
    const auto read = one->read("a");
    BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message()));
    BOOST_TEST((*read == expected));
    const auto entry = one->find("a");
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->version == 4u);
    BOOST_TEST(entry->status == 2);
    BOOST_TEST(entry->owner == one->owner());
    BOOST_TEST((one->read("nobody").error().code == workflow_errc::run_unknown));
    auto two = open(now);
    BOOST_TEST((two->read("a").value() == expected));
  }

  void optimistic() {
    auto one = open(now);
    BOOST_REQUIRE(append(*one, batch("b", 0, {"1", "2"})));
    check_refused(append(*one, batch("b", 0, {"1"})), workflow_errc::run_exists);
    check_refused(append(*one, batch("b", 1, {"2"})), workflow_errc::version_conflict);
    check_refused(append(*one, batch("b", 3, {"4"})), workflow_errc::version_conflict);
    check_refused(append(*one, batch("unknown", 1, {"2"})), workflow_errc::run_unknown);
    BOOST_TEST(one->read("b")->size() == 2u);
    BOOST_TEST(append(*one, batch("b", 2, {"3"})).has_value());
  }

  void groups() {
    auto one = open(now);
    std::vector<append_batch> group{batch("g1", 0, {"1"}), batch("g2", 0, {"1"})};
    BOOST_REQUIRE(one->append(group));
    group = {batch("g1", 1, {"2"}), batch("g2", 7, {"2"})};
    check_refused(one->append(group), workflow_errc::version_conflict);
    BOOST_TEST(one->read("g1")->size() == 1u); // all or nothing
    BOOST_TEST(one->append({}).has_value());
  }

  void listing() {
    auto one = open(now);
    for (int i = 0; i < 5; ++i) {
      append_batch made = batch("l" + std::to_string(i), 0, {"1"}, i % 2 == 0 ? 5 : 6);
      made.entry.workflow = i < 2 ? "first" : "second'; DROP TABLE runs; --";
      made.entry.started = now + std::chrono::hours{i};
      BOOST_REQUIRE(append(*one, made));
    }
    run_filter filter;
    filter.statuses = {5};
    BOOST_TEST(one->list(filter)->size() == 3u);
    BOOST_TEST(one->list(filter)->front().run_id == "l4");
    filter.limit = 2;
    BOOST_TEST(one->list(filter)->size() == 2u);
    filter = {};
    filter.workflow = "second'; DROP TABLE runs; --";
    filter.started_since = now + std::chrono::hours{3};
    BOOST_TEST(one->list(filter)->size() == 2u);
  }

  void tagging() {
    using ids = std::vector<std::string>;
    auto one = open(now);
    for (int i = 0; i < 6; ++i) {
      append_batch made = batch("t" + std::to_string(i), 0, {"1"}, i % 2 == 0 ? 8 : 9);
      made.entry.started = now + std::chrono::hours{i};
      made.entry.tags = {{"tenant", i < 4 ? "acme" : "other"}, {"odd' key", "\xc3\xa4 = %"}};
      if (i == 3) made.entry.tags.emplace("urgent", "");
      BOOST_REQUIRE(append(*one, made));
      // What is appended later changes nothing about them.
      made.expected_version = 1;
      made.entry.tags = {{"tenant", "third"}};
      BOOST_REQUIRE(append(*one, made));
    }
    const auto found = [&](const run_filter& filter) {
      ids made;
      const auto entries = one->list(filter).value();
      for (const run_entry& each : entries)
        made.push_back(each.run_id);
      return made;
    };
    run_filter filter;
    filter.tags = {{"tenant", "acme"}};
    BOOST_TEST((found(filter) == ids{"t3", "t2", "t1", "t0"}));
    filter.limit = 2;
    BOOST_TEST((found(filter) == ids{"t3", "t2"}));
    filter.limit = 10;
    filter.statuses = {8};
    BOOST_TEST((found(filter) == ids{"t2", "t0"}));
    filter.statuses = {};
    filter.started_since = now + std::chrono::hours{1};
    filter.started_before = now + std::chrono::hours{3};
    BOOST_TEST((found(filter) == ids{"t2", "t1"}));
    filter = {};
    filter.tags = {{"tenant", "acme"}, {"odd' key", "\xc3\xa4 = %"}, {"urgent", ""}};
    BOOST_TEST((found(filter) == ids{"t3"}));
    filter.tags["urgent"] = "no";
    BOOST_TEST(found(filter).empty());
    filter.tags = {{"tenant", "third"}};
    BOOST_TEST(found(filter).empty());
    filter.tags = {{"no such", "acme"}};
    BOOST_TEST(found(filter).empty());
    filter.tags = {{"tenant", "other"}};
    filter.workflow = "no such workflow";
    BOOST_TEST(found(filter).empty());
    // What was closed since, whenever it was started.
    for (const auto& [number, hour, status] :
         {std::tuple{4, 10, 6}, std::tuple{1, 12, 6}, std::tuple{5, 14, 7}}) {
      append_batch end = batch("t" + std::to_string(number), 2, {"end"}, status);
      end.entry.started = now + std::chrono::hours{number};
      end.entry.closed = now + std::chrono::hours{hour};
      BOOST_REQUIRE(append(*one, end));
    }
    filter = {};
    filter.closed_since = now + std::chrono::hours{1};
    BOOST_TEST((found(filter) == ids{"t5", "t4", "t1"}));
    filter.closed_since = now + std::chrono::hours{12};
    BOOST_TEST((found(filter) == ids{"t5", "t1"}));
    filter.statuses = {6};
    BOOST_TEST((found(filter) == ids{"t1"}));
    filter.tags = {{"tenant", "acme"}};
    BOOST_TEST((found(filter) == ids{"t1"}));
    filter.tags = {{"tenant", "other"}};
    BOOST_TEST(found(filter).empty());
  }

  void ownership() {
    auto one = open(now);
    auto two = open(now);
    BOOST_TEST(one->owner() != two->owner());
    BOOST_REQUIRE(append(*one, batch("o", 0, {"1"})));
    BOOST_TEST(one->claim("o", now).has_value());
    check_refused(two->claim("o", now), workflow_errc::run_owned);
    check_refused(append(*two, batch("o", 1, {"2"})), workflow_errc::ownership_lost);
    check_refused(two->claim("nobody", now), workflow_errc::run_unknown);
    one.reset(); // its owner is gone: no wait for the end of the lease
    BOOST_TEST(two->claim("o", now).value() == 2u);
    BOOST_TEST(two->claim("o", now).value() == 2u); // its own already
    BOOST_TEST(append(*two, under(2, batch("o", 1, {"2"}))).has_value());
    two->release_all();
    auto three = open(now);
    BOOST_TEST(three->claim("o", now).value() == 3u);
  }

  void claims_at_once() {
    auto one = open(now);
    auto two = open(now);
    BOOST_REQUIRE(append(*one, batch("m1", 0, {"1"})));
    BOOST_REQUIRE(append(*two, batch("m2", 0, {"1"})));
    BOOST_REQUIRE(one->release("m1"));
    const std::vector<std::string> wanted{"m1", "nobody", "m2", "m1"};
    auto three = open(now);
    const auto found = three->claim_all(wanted, now);
    BOOST_REQUIRE(found.has_value());
    BOOST_REQUIRE(found->size() == 4u);
    BOOST_TEST((*found)[0].value() == 2u);
    check_refused((*found)[1], workflow_errc::run_unknown);
    check_refused((*found)[2], workflow_errc::run_owned);
    BOOST_TEST((*found)[3].value() == 2u); // its own by now
    BOOST_TEST(append(*three, under(2, batch("m1", 1, {"2"}))).has_value());
    BOOST_TEST(append(*two, batch("m2", 1, {"2"})).has_value());
    BOOST_TEST(three->claim_all({}, now).value().empty());
  }

  void expiry() {
    auto one = open(now);
    auto two = open(now);
    BOOST_REQUIRE(append(*one, batch("e", 0, {"1"})));
    const auto later = now + one->lease_time() + std::chrono::seconds{1};
    BOOST_REQUIRE(one->renew(later));
    check_refused(two->claim("e", later), workflow_errc::run_owned);
    const auto much_later = later + one->lease_time() + std::chrono::seconds{1};
    BOOST_TEST(two->claim("e", much_later).has_value());
    check_refused(append(*one, batch("e", 1, {"2"})),
                  workflow_errc::ownership_lost); // alive, but late: fenced
    BOOST_TEST(append(*two, under(2, batch("e", 1, {"2"}))).has_value());
  }

  /// Anybody may wish that a run be cancelled; the wish stays until the run is closed.
  void cancelling() {
    auto one = open(now);
    auto two = open(now);
    BOOST_TEST(one->cancel_requests()->empty());
    BOOST_REQUIRE(append(*one, batch("c1", 0, {"1"})));
    BOOST_REQUIRE(append(*one, batch("c2", 0, {"1"})));
    check_refused(two->request_cancel({"nobody", ""}, now), workflow_errc::run_unknown);
    BOOST_REQUIRE(two->request_cancel({"c1", "first"}, now));
    BOOST_REQUIRE(one->request_cancel({"c1", "second"}, now));
    two.reset();
    const auto wanted = one->cancel_requests().value();
    BOOST_REQUIRE(wanted.size() == 1u);
    BOOST_TEST(wanted[0].run_id == "c1");
    BOOST_TEST(wanted[0].reason == "first");
    BOOST_TEST((wanted[0].grace.count() == 0 && !wanted[0].force));
    // The one that ends it soonest counts, with the first reason.
    using std::chrono::milliseconds;
    BOOST_REQUIRE(one->request_cancel({"c2", "slow", milliseconds{30'000}}, now));
    BOOST_REQUIRE(one->request_cancel({"c2", "slower", milliseconds{60'000}}, now));
    const auto of_c2 = [&] {
      const auto kept = one->cancel_requests().value();
      for (const cancel_request& each : kept)
        if (each.run_id == "c2") return each;
      return cancel_request{};
    };
    BOOST_TEST((of_c2().grace == milliseconds{30'000}));
    BOOST_REQUIRE(one->request_cancel({"c2", "fast", milliseconds{5}}, now));
    BOOST_TEST((of_c2().grace == milliseconds{5} && !of_c2().force));
    BOOST_REQUIRE(one->request_cancel({"c2", "at once", milliseconds{0}, true}, now));
    BOOST_TEST((of_c2().grace.count() == 0 && of_c2().force));
    BOOST_TEST(of_c2().reason == "slow");
    // A run that undoes what it has done can only be forced.
    BOOST_REQUIRE(append(*one, batch("c3", 0, {"1"}, 5)));
    check_refused(one->request_cancel({"c3", ""}, now), workflow_errc::run_closed);
    BOOST_REQUIRE(one->request_cancel({"c3", "", milliseconds{0}, true}, now));
    append_batch over = batch("c3", 1, {"2"}, 4);
    over.entry.closed = now;
    BOOST_REQUIRE(append(*one, over));
    append_batch last = batch("c1", 1, {"2"}, 4);
    last.entry.closed = now;
    BOOST_REQUIRE(append(*one, last));
    check_refused(one->request_cancel({"c1", "late"}, now), workflow_errc::run_closed);
    BOOST_REQUIRE(one->request_cancel({"c2", ""}, now));
    BOOST_REQUIRE(one->cancel_requests()->size() == 1u); // that of the closed run is gone
    BOOST_TEST(one->cancel_requests()->front().run_id == "c2");
  }

  static std::vector<std::string> kept_signals(store& in) {
    std::vector<std::string> ids;
    const auto kept = in.signal_requests().value();
    ids.reserve(kept.size());
    for (const signal_request& each : kept)
      ids.push_back(each.id);
    return ids;
  }

  /// Anybody may signal a run; signals stay, in their order, until they are dropped or the run is closed.
  void signalling() {
    using ids = std::vector<std::string>;
    auto one = open(now);
    auto two = open(now);
    BOOST_TEST(kept_signals(*one).empty());
    for (const char* run : {"s1", "s2"})
      BOOST_REQUIRE(append(*one, batch(run, 0, {"1"})));
    check_refused(two->request_signal({"0", "nobody", "n", ""}, now), workflow_errc::run_unknown);
    const std::string odd{"\0\xff\n", 3};
    BOOST_REQUIRE(two->request_signal({"z", "s1", "first", odd}, now));
    BOOST_REQUIRE(one->request_signal({"a", "s2", odd, ""}, now - std::chrono::hours{1}));
    BOOST_REQUIRE(two->request_signal({odd, "s1", "first", odd}, now));
    BOOST_REQUIRE(one->request_signal({"z", "s1", "other", "other"}, now)); // is there already
    two.reset();
    const auto kept = one->signal_requests().value();
    BOOST_REQUIRE((kept_signals(*one) == ids{"z", "a", odd}));
    BOOST_TEST((kept[0].run_id == "s1" && kept[0].name == "first" && kept[0].payload == odd));
    BOOST_TEST((kept[1].run_id == "s2" && kept[1].name == odd && kept[1].payload.empty()));
    BOOST_REQUIRE(one->drop_signals({}));
    BOOST_REQUIRE(one->drop_signals(ids{odd, "never there"}));
    BOOST_TEST((kept_signals(*open(now)) == ids{"z", "a"}));
    append_batch last = batch("s1", 1, {"2"}, 2);
    last.entry.closed = now;
    BOOST_REQUIRE(append(*one, last));
    check_refused(one->request_signal({"z", "s1", "first", odd}, now), workflow_errc::run_closed);
    BOOST_REQUIRE(one->request_signal({"b", "s2", "n", ""}, now));
    BOOST_TEST((kept_signals(*one) == ids{"a", "b"})); // that of the closed run is gone
  }

  void bounds_of_signals() {
    auto one = open(now);
    BOOST_REQUIRE(append(*one, batch("sb", 0, {"1"})));
    const auto before = kept_signals(*one);
    const std::string longest(signal_bounds::name_bytes, 'n');
    const std::string longest_id(signal_bounds::id_bytes, 'i');
    const std::string largest(signal_bounds::payload_bytes, 'p');
    const std::vector<std::tuple<std::string, signal_request, bool>> cases{
        {"all as large as may be", {longest_id, "sb", longest, largest}, true},
        {"long id", {longest_id + "i", "sb", "n", ""}, false},
        {"long name", {"1", "sb", longest + "n", ""}, false},
        {"large payload", {"1", "sb", "n", largest + "p"}, false},
        {"no id", {"", "sb", "n", ""}, false},
        {"no name", {"1", "sb", "", ""}, false}};
    for (const auto& [what, wanted, fits] : cases)
      BOOST_TEST_CONTEXT(what) {
        const auto outcome = one->request_signal(wanted, now);
        if (!fits) check_refused(outcome, workflow_errc::bad_signal);
        if (fits) BOOST_TEST(outcome.has_value());
      }
    BOOST_TEST(kept_signals(*one).size() == before.size() + 1);
    BOOST_TEST((one->signal_requests()->back().payload == largest));
    BOOST_REQUIRE(one->drop_signals(std::vector{longest_id}));
  }

  void too_many_signals() {
    auto one = open(now);
    for (const char* run : {"sm", "sn"})
      BOOST_REQUIRE(append(*one, batch(run, 0, {"1"})));
    for (std::size_t i = 0; i < signal_bounds::kept; ++i)
      BOOST_REQUIRE(one->request_signal({"sm-" + std::to_string(i), "sm", "n", ""}, now));
    const auto refused = one->request_signal({"more", "sm", "n", ""}, now);
    check_refused(refused, workflow_errc::too_many_signals);
    BOOST_TEST(refused.error().context.find("run 'sm'") != std::string::npos);
    BOOST_TEST(one->request_signal({"sm-7", "sm", "n", ""}, now).has_value()); // is there already
    BOOST_TEST(one->request_signal({"more", "sn", "n", ""}, now).has_value());
    BOOST_REQUIRE(one->drop_signals(std::vector<std::string>{"sm-0", "more"}));
    BOOST_TEST(one->request_signal({"more", "sm", "n", ""}, now).has_value());
    BOOST_TEST(kept_signals(*one).back() == "more");
  }

  /// An owner that lost a run and has it again may not append what it knew before.
  void fencing() {
    auto one = open(now);
    auto two = open(now);
    BOOST_REQUIRE(append(*one, batch("f", 0, {"1"})));
    check_refused(append(*one, under(2, batch("f", 1, {"2"}))), workflow_errc::ownership_lost);
    BOOST_REQUIRE(one->release("f"));
    BOOST_REQUIRE(two->release("f")); // not its own: nothing happens
    BOOST_TEST(two->claim("f", now).value() == 2u);
    BOOST_REQUIRE(one->release("f"));
    check_refused(one->claim("f", now), workflow_errc::run_owned);
    BOOST_REQUIRE(two->release("f"));
    BOOST_TEST(one->claim("f", now).value() == 3u);
    BOOST_TEST(one->find("f")->epoch == 3u);
    check_refused(append(*one, batch("f", 1, {"2"})), workflow_errc::ownership_lost);
    BOOST_TEST(append(*one, under(3, batch("f", 1, {"2"}))).has_value());
  }
};

} // namespace troupe::test
