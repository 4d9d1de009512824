#pragma once

#include "actors/runtime/agent.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/fabric/internal/parcel_codec.hpp"
#include "cluster/fabric/internal/remote_pulse.hpp"
#include "cluster/fabric/lane_inbox.hpp"
#include "cluster/fabric/lane_outbox.hpp"
#include "cluster/fabric/transport.hpp"
#include "troupe/v1/fabric.pb.h"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::cluster {

class fabric_core;

/// Why a link is not kept.
struct farewell {
  v1::GoodbyeReason reason = v1::GOODBYE_REASON_UNSPECIFIED;
  std::string message;
};

/// All that is between this node and one other: what waits to be sent, what was asked and is unanswered, what is done for
/// it here, and the link, while there is one. It outlives links; when the other process is another one, it begins anew.
/// Any thread.
class session : public std::enable_shared_from_this<session> {
public:
  session(std::shared_ptr<fabric_core> core, std::string node);

  [[nodiscard]] const std::string& node() const { return node_; }
  [[nodiscard]] fabric_peer state() const;
  [[nodiscard]] bool is_member() const;
  void set_address(const std::string& address);

  // -- messages of this node
  /// @returns why it was refused.
  [[nodiscard]] std::optional<failure> send(const message_ptr& payload,
                                            std::shared_ptr<const call_context> context,
                                            responder respond, bool one_way);

  // -- links; `of` is the one that the call is about
  /// The first frame on a link, as the session stands.
  [[nodiscard]] std::string hello();
  /// Begins with what the peer said; on a link that was accepted answers it. @returns why the link is not kept.
  /// @param writing whether the link has a frame under way.
  [[nodiscard]] std::optional<farewell> adopt(const std::shared_ptr<link>& of, bool dialled,
                                              const v1::Hello& said, bool writing);
  /// @returns why the peer is not listened to any more.
  [[nodiscard]] std::optional<farewell> take_frame(const link& of, std::string_view frame);
  void sent(const link& of);
  void closed(const link* of);
  /// Of incarnations: an earlier one than `least` loses its link; @returns it then.
  [[nodiscard]] std::shared_ptr<link> admit(std::uint64_t least);
  /// What was asked fails, what is done for the peer is cancelled. @returns the link, to be closed.
  std::shared_ptr<link> lose(const failure& why);

  // -- time
  /// What is due. @returns whether it is to be called again soon.
  bool sweep(std::chrono::steady_clock::time_point now);
  /// Where a link should be opened, if so; then one is under way until `closed` or `adopt`.
  [[nodiscard]] std::optional<std::string> begin_dialling();
  void dial_failed();

private:
  /// Of a request: its number and its lane in one.
  using request_key = std::uint64_t;
  [[nodiscard]] static request_key key_of(v1::Lane lane, std::uint64_t sequence) {
    return sequence << 1 | (lane == v1::LANE_CONTROL ? 0 : 1);
  }
  [[nodiscard]] static v1::Lane lane_of(request_key key) {
    return (key & 1) == 0 ? v1::LANE_CONTROL : v1::LANE_WORK;
  }
  struct asked {
    std::shared_ptr<const call_context> context;
    responder respond;
    /// What the peer knows of it: cancelled, abandoned, preempted.
    std::array<bool, 3> told{};
  };
  struct lane_state {
    explicit lane_state(v1::Lane lane) : out(lane), in(lane) {}
    lane_outbox out;
    lane_inbox in;
  };
  [[nodiscard]] lane_state& lane(v1::Lane which) { return lanes_[index_of(which)]; }
  [[nodiscard]] static std::size_t index_of(v1::Lane which) {
    return which == v1::LANE_CONTROL ? 0 : 1;
  }
  void pump();
  [[nodiscard]] std::string hello_frame();
  [[nodiscard]] std::optional<farewell> judge(bool dialled, const v1::Hello& said) const;
  [[nodiscard]] bool resume(const v1::Hello& said, std::vector<responder>& failed);
  void begin_anew(std::vector<responder>& failed);
  void fail_everything(std::vector<responder>& failed);
  void cancel_served();
  void append_receipts(std::string& frame, bool all);
  [[nodiscard]] bool wants_sweep() const;

  /// Who sends, as it stands when a frame comes in.
  struct sender_now {
    const link* over = nullptr;
    std::shared_ptr<const node_identity> who;
    bool is_member = false;
    std::chrono::system_clock::time_point at{};
    /// Of the session: numbers mean another message in another life.
    std::uint64_t life = 0;
  };
  /// A request that is served: of which life, its lane and its number.
  struct served_key {
    std::uint64_t life = 0;
    v1::Lane lane{};
    std::uint64_t sequence = 0;
  };
  [[nodiscard]] sender_now sender(const link& over) const;
  [[nodiscard]] std::optional<farewell> take_parcel(std::string_view bytes, const sender_now& from,
                                                    std::array<std::size_t, 2>& served);
  [[nodiscard]] std::optional<farewell> take_piece(std::string_view bytes, const sender_now& from,
                                                   std::array<std::size_t, 2>& served);
  [[nodiscard]] std::optional<farewell> take_receipt(const link& of, const v1::Receipt& said);
  void take_pulse(const v1::Pulse& said);
  void take_interrupt(const v1::Interrupt& said);
  void take_answer(incoming_parcel&& answer, std::size_t bytes);
  void serve(incoming_parcel&& request, std::size_t bytes, const sender_now& from);
  void ask_agent(incoming_parcel&& request, std::size_t bytes, message_ptr payload,
                 std::uint64_t life);
  void refuse(const incoming_parcel& request, std::size_t bytes, failure why, std::uint64_t life);
  [[nodiscard]] bool keep_served(const served_key& which, std::shared_ptr<remote_pulse> pulse);
  void give_back(const std::array<std::size_t, 2>& served);
  void answer(const served_key& which, std::size_t bytes, const reply<message_ptr>& given);
  void send_pulse(const served_key& which, const message_ptr& details);
  void interrupt_unwanted();

  const std::shared_ptr<fabric_core> core_;
  const std::string node_;

  mutable std::mutex mutex_;
  std::string address_;
  /// As its certificate said when it was reached last.
  std::shared_ptr<const node_identity> who_;
  std::uint64_t incarnation_ = 0;
  std::uint64_t id_, peer_id_ = 0;
  /// How often it has begun anew: what was served before answers nobody.
  std::uint64_t life_ = 0;
  std::array<lane_state, 2> lanes_{lane_state{v1::LANE_CONTROL}, lane_state{v1::LANE_WORK}};
  std::shared_ptr<link> link_;
  bool dialled_ = false;
  /// A frame is under way.
  bool writing_ = false;
  bool dialling_ = false;
  std::uint32_t failed_dials_ = 0;
  std::chrono::steady_clock::time_point down_since_{}, next_dial_{};
  /// Fields of a frame that stand for themselves: pulses, interrupts.
  std::string urgent_;
  std::unordered_map<request_key, asked> asked_;
  std::unordered_map<request_key, std::shared_ptr<remote_pulse>> served_;
};

} // namespace troupe::cluster
