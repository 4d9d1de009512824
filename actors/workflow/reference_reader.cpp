#include "actors/workflow/reference_reader.hpp"

namespace troupe::workflow {
namespace {

using google::protobuf::Message;

void read_from_item(const value& item, const value_reference& from,
                    const reference_reader::taker& take) {
  const auto* const* message = std::get_if<const Message*>(&item);
  message ? read_path(**message, from.path, take) : take(item);
}

} // namespace

void reference_reader::read(const value_reference& from, const taker& take) {
  using origin = value_reference::origin;
  switch (from.from) {
  case origin::input:
    return take(view(source_.input(from.position)));
  case origin::reply:
    return read_path(*source_.reply_of(from.position, 0), from.path, take);
  case origin::reply_of_same_index:
    return read_path(*source_.reply_of(from.position, index_), from.path, take);
  case origin::all_replies:
    return read_all(from, take);
  case origin::item:
    return read_item(from, take);
  case origin::index:
    return take(std::uint64_t{index_});
  case origin::run:
    return read_path(run(), from.path, take);
  }
}

void reference_reader::read_all(const value_reference& from, const taker& take) {
  const std::size_t count = source_.replies_of(from.position);
  for (std::uint32_t i = 0; i < count; ++i)
    if (const Message* reply = source_.reply_of(from.position, i))
      read_path(*reply, from.path, take);
}

void reference_reader::read_item(const value_reference& from, const taker& take) {
  const fan_out& each = *target_.each;
  if (each.chained) {
    read_path(*source_.reply_of(each.source, index_), each.path,
              [&](const value& item) { read_from_item(item, from, take); });
  } else {
    read_from_item(read_element(*source_.reply_of(each.source, 0), each.path, index_), from, take);
  }
}

const v1::RunSummary& reference_reader::run() {
  if (!run_) run_ = source_.run();
  return *run_;
}

} // namespace troupe::workflow
