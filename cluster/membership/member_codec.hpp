#pragma once

#include "cluster/membership/member_record.hpp"
#include "troupe/v1/membership.pb.h"

#include <string>
#include <string_view>

namespace troupe::cluster {

/// What a node is, apart from its name and how far it has come.
[[nodiscard]] v1::MemberDetails encode_details(const member_record& of);
/// Puts it into a record that has a name, and checks that.
/// @returns `membership_errc::bad_record`; `into` is of no use then.
[[nodiscard]] result<void> decode_details(const v1::MemberDetails& from, member_record& into);

/// Of one that has gone without its details.
[[nodiscard]] v1::Member encode_member(const member_record& of);
/// @returns `membership_errc::bad_record`.
[[nodiscard]] result<member_record> decode_member(const v1::Member& from);

/// As the table keeps it.
[[nodiscard]] std::string details_bytes(const member_record& of);
/// @returns `membership_errc::bad_record`. Of one that has gone the details are not looked at.
[[nodiscard]] result<member_record> read_row(const workflow::member_row& from);

/// The state in a message. @returns `membership_errc::bad_record` for one that there is not.
[[nodiscard]] result<member_state> decode_state(v1::MemberState from);

} // namespace troupe::cluster
