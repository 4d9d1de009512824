#include "actors/workflow/event_bytes.hpp"

#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/wire_writer.hpp"

#include <google/protobuf/timestamp.pb.h>

namespace troupe::workflow {
namespace {

using google::protobuf::Any;
using google::protobuf::Timestamp;

void write(wire_writer& to, int field, time_point moment) {
  to.message(field, [&] {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(moment);
    to.number(Timestamp::kSecondsFieldNumber,
              static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
    to.number(Timestamp::kNanosFieldNumber,
              static_cast<std::uint64_t>(duration{moment - seconds}.count()));
  });
}

void write(wire_writer& to, int field, const attempt_id& from) {
  to.message(field, [&] {
    to.text(v1::AttemptRef::kStepFieldNumber, from.instance.step);
    to.number(v1::AttemptRef::kIndexFieldNumber, from.instance.index);
    to.number(v1::AttemptRef::kAttemptFieldNumber, from.attempt);
    to.number(v1::AttemptRef::kTokenFieldNumber, from.token);
    to.number(v1::AttemptRef::kCompensationFieldNumber, from.instance.compensation ? 1 : 0);
  });
}

void write(wire_writer& to, int field, const attempt_timing& from) {
  const auto nanos = [](duration of) {
    return static_cast<std::uint64_t>(std::max<duration::rep>(of.count(), 0));
  };
  to.message(field, [&] {
    if (from.started != time_point{})
      write(to, v1::AttemptTiming::kStartedTimeFieldNumber, from.started);
    to.number(v1::AttemptTiming::kRunNanosFieldNumber, nanos(from.ran));
    to.number(v1::AttemptTiming::kSlotWaitNanosFieldNumber, nanos(from.slot_wait));
    to.number(v1::AttemptTiming::kResourceWaitNanosFieldNumber, nanos(from.resource_wait));
    for (const std::string& each : from.missing)
      to.bytes(v1::AttemptTiming::kMissingFieldNumber, each);
    to.number(v1::AttemptTiming::kRequestBytesFieldNumber, from.request_bytes);
    to.text(v1::AttemptTiming::kNodeFieldNumber, from.node);
    to.text(v1::AttemptTiming::kNodeClassFieldNumber, from.node_class);
  });
}

/// As `google::protobuf::Any::PackFrom`.
void write_packed(std::string& bytes, wire_writer& to, int field,
                  const google::protobuf::Message& from) {
  to.message(field, [&] {
    to.message(Any::kTypeUrlFieldNumber, [&] {
      bytes += "type.googleapis.com/";
      bytes += from.GetDescriptor()->full_name();
    });
    if (from.ByteSizeLong() > 0)
      to.message(Any::kValueFieldNumber, [&] { from.AppendToString(&bytes); });
  });
}

/// Those that are written here; the others go by way of their messages.
struct byte_encoder {
  std::string& bytes;
  wire_writer& to;

  bool operator()(const run_started& from) const {
    // The definition's bytes are there already. All other fields come behind it.
    to.message(v1::Event::kRunStartedFieldNumber, [&] {
      to.bytes(v1::RunStarted::kDefinitionFieldNumber, from.workflow->source_bytes);
      encode_without_definition(from).AppendToString(&bytes);
    });
    return true;
  }
  bool operator()(const step_scheduled& from) const {
    to.message(v1::Event::kStepScheduledFieldNumber,
               [&] { write(to, v1::StepScheduled::kAttemptFieldNumber, from.attempt); });
    return true;
  }
  bool operator()(const step_completed& from) const {
    to.message(v1::Event::kStepCompletedFieldNumber, [&] {
      write(to, v1::StepCompleted::kAttemptFieldNumber, from.attempt);
      write_packed(bytes, to, v1::StepCompleted::kReplyFieldNumber, *from.reply);
      if (from.timing) write(to, v1::StepCompleted::kTimingFieldNumber, *from.timing);
    });
    return true;
  }
  bool operator()(const run_completed&) const {
    to.bytes(v1::Event::kRunCompletedFieldNumber, {});
    return true;
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }
};

} // namespace

void append_bytes(std::string& to, const event& happened) {
  const std::size_t before = to.size();
  wire_writer fields{to};
  fields.number(v1::Event::kSequenceFieldNumber, happened.sequence);
  write(fields, v1::Event::kTimeFieldNumber, happened.time);
  if (std::visit(byte_encoder{to, fields}, happened.what)) return;
  to.resize(before);
  encode(happened).AppendToString(&to);
}

} // namespace troupe::workflow
