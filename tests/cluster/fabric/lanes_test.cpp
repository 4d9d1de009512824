#include "cluster/fabric/lane_inbox.hpp"
#include "cluster/fabric/lane_outbox.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <rapidcheck.h>
#include <string>
#include <vector>

// One lane from node to node: what is pushed arrives once and in order, whatever becomes of links.
using namespace troupe;
using namespace troupe::cluster;

BOOST_AUTO_TEST_SUITE(fabric_lanes)

namespace {

constexpr outbox_bounds small_outbox{4'000, 40, 100, 5};
constexpr inbox_bounds small_inbox{300, 2'000, 100, 3};

/// A parcel whose target's key is its number, of about `bytes`.
std::string parcel_of(int number, std::size_t bytes) {
  v1::Parcel made;
  made.mutable_envelope()->mutable_target()->set_key(std::to_string(number));
  made.mutable_envelope()->set_payload(std::string(bytes, 'x'));
  return made.SerializeAsString();
}

lane_piece as_taken(const v1::Piece& piece) {
  return {piece.sequence(), piece.total_bytes(), piece.offset(), piece.content()};
}

/// Both ends of a lane, and the frames between them.
struct lane_pair {
  lane_outbox out{v1::LANE_WORK, small_outbox};
  lane_inbox in{v1::LANE_WORK, small_inbox};
  std::deque<std::string> frames;
  std::deque<v1::Receipt> receipts;
  std::vector<std::string> arrived;
  std::deque<std::size_t> unserved;

  void connect() {
    frames.clear();
    receipts.clear();
    in.forget_pieces();
    const v1::Receipt stands = in.receipt();
    RC_ASSERT(out.resume(stands.sequence(), stands.limit_bytes()));
  }
  bool send() {
    std::string frame;
    if (!out.fill(frame)) return false;
    frames.push_back(std::move(frame));
    return true;
  }
  void take(const std::string& bytes) {
    v1::Parcel parcel;
    RC_ASSERT(parcel.ParseFromString(bytes));
    RC_ASSERT(in.admit(parcel.sequence(), bytes.size()) == arrival::next);
    arrived.push_back(parcel.envelope().target().key());
    unserved.push_back(bytes.size());
  }
  bool deliver() {
    if (frames.empty()) return false;
    v1::Frame frame;
    RC_ASSERT(frame.ParseFromString(frames.front()));
    frames.pop_front();
    for (const v1::Parcel& each : frame.parcels())
      take(each.SerializeAsString());
    if (frame.has_piece()) {
      auto taken = in.add(as_taken(frame.piece()));
      RC_ASSERT(taken.ok);
      if (taken.whole) take(*taken.whole);
    }
    return true;
  }
  bool serve() {
    if (unserved.empty()) return false;
    in.served(unserved.front());
    unserved.pop_front();
    return true;
  }
  bool acknowledge() {
    if (!in.receipt_wanted()) return false;
    const v1::Receipt said = in.receipt();
    RC_ASSERT(out.acknowledge(said.sequence(), said.limit_bytes()));
    return true;
  }
  void settle() {
    for (bool moved = true; moved;) {
      moved = send();
      moved = deliver() || moved;
      moved = serve() || moved;
      moved = acknowledge() || moved;
    }
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(everything_arrives_once_and_in_order_over_links_that_break) {
  BOOST_TEST(rc::check("lanes", [] {
    lane_pair lane;
    lane.connect();
    int pushed = 0;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100));
    for (const int step : steps) {
      if (step < 35) {
        const auto bytes = static_cast<std::size_t>(*rc::gen::inRange(0, 450));
        if (!lane.out.has_room(bytes)) continue;
        RC_ASSERT(lane.out.push(parcel_of(pushed, bytes)) ==
                  static_cast<std::uint64_t>(pushed) + 1);
        ++pushed;
      } else if (step < 55) {
        lane.send();
      } else if (step < 75) {
        lane.deliver();
      } else if (step < 85) {
        lane.serve();
      } else if (step < 95) {
        lane.acknowledge();
      } else {
        lane.connect();
      }
    }
    lane.settle();
    RC_ASSERT(lane.arrived.size() == static_cast<std::size_t>(pushed));
    for (int number = 0; number < pushed; ++number)
      RC_ASSERT(lane.arrived[static_cast<std::size_t>(number)] == std::to_string(number));
    RC_ASSERT(lane.out.empty());
    RC_ASSERT(lane.out.waiting_bytes() == 0U);
  }));
}

BOOST_AUTO_TEST_CASE(a_peer_that_serves_nothing_gets_a_window_and_one_parcel) {
  lane_outbox out{v1::LANE_WORK, {1'000'000, 10'000, 100, 5}};
  BOOST_TEST(out.resume(0, 300));
  for (int number = 0; number < 100; ++number)
    out.push(parcel_of(number, 50));
  std::size_t sent = 0;
  for (std::string frame; out.fill(frame); frame.clear())
    sent += frame.size();
  BOOST_TEST(sent > 300U);
  BOOST_TEST(sent < 500U);
  BOOST_TEST(!out.has_sendable());
  BOOST_TEST(out.acknowledge(1, 400));
  BOOST_TEST(out.has_sendable());
}

BOOST_AUTO_TEST_CASE(a_queue_is_bounded_by_bytes_and_by_number) {
  lane_outbox out{v1::LANE_WORK, {500, 3, 100, 5}};
  BOOST_TEST(out.has_room(10'000)); // alone anything may wait: payloads have a bound of their own
  out.push(std::string(300, 'x'));
  BOOST_TEST(out.has_room(100));
  BOOST_TEST(!out.has_room(300));
  out.push(std::string(10, 'x'));
  out.push(std::string(10, 'x'));
  BOOST_TEST(!out.has_room(1));
}

BOOST_AUTO_TEST_CASE(receipts_that_cannot_be_are_refused) {
  lane_outbox out{v1::LANE_WORK, small_outbox};
  BOOST_TEST(!out.acknowledge(1, 100));
  BOOST_TEST(!out.resume(1, 100));
  BOOST_TEST(out.resume(0, 100));
  out.push(parcel_of(0, 10));
  BOOST_TEST(!out.acknowledge(1, 100)); // not sent yet
  std::string frame;
  BOOST_TEST(out.fill(frame));
  BOOST_TEST(out.acknowledge(1, 100));
  BOOST_TEST(out.acknowledge(1, 100)); // said again
  // What a peer said before it acknowledged more is no news.
  BOOST_TEST(out.resume(0, 100));
  BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(numbers_that_repeat_or_skip_are_seen) {
  lane_inbox in{v1::LANE_WORK, small_inbox};
  BOOST_TEST((in.admit(1, 10) == arrival::next));
  BOOST_TEST((in.admit(1, 10) == arrival::repeated));
  BOOST_TEST((in.admit(3, 10) == arrival::out_of_order));
  BOOST_TEST((in.admit(2, 400) == arrival::next)); // beyond the window, but it began within
  BOOST_TEST((in.admit(3, 1) == arrival::out_of_order));
  in.served(200);
  BOOST_TEST((in.admit(3, 1) == arrival::next));
}

BOOST_AUTO_TEST_CASE(pieces_that_do_not_follow_are_refused) {
  const auto piece = [](std::uint64_t sequence, std::uint64_t total, std::uint64_t offset,
                        std::size_t size) {
    v1::Piece made;
    made.set_lane(v1::LANE_WORK);
    made.set_sequence(sequence);
    made.set_total_bytes(total);
    made.set_offset(offset);
    made.set_content(std::string(size, 'x'));
    return made;
  };
  const std::vector<std::pair<const char*, v1::Piece>> wrong{
      {"another parcel", piece(2, 100, 50, 10)}, {"another total", piece(1, 101, 50, 10)},
      {"a gap", piece(1, 100, 51, 10)},          {"an overlap", piece(1, 100, 49, 10)},
      {"nothing", piece(1, 100, 50, 0)},         {"too much", piece(1, 100, 50, 51)}};
  for (const auto& [what, second] : wrong) {
    BOOST_TEST_CONTEXT(what) {
      lane_inbox in{v1::LANE_WORK, small_inbox};
      const auto first = piece(1, 100, 0, 50);
      BOOST_TEST(in.add(as_taken(first)).ok);
      BOOST_TEST(!in.add(as_taken(second)).ok);
    }
  }
  lane_inbox in{v1::LANE_WORK, small_inbox};
  const auto large = piece(1, 2'001, 0, 50), late = piece(1, 100, 10, 50);
  BOOST_TEST(!in.add(as_taken(large)).ok); // larger than any parcel
  BOOST_TEST(!in.add(as_taken(late)).ok);
}

BOOST_AUTO_TEST_SUITE_END()
