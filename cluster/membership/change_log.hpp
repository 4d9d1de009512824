#pragma once

#include "cluster/membership/member_record.hpp"
#include "troupe/v1/membership.pb.h"

#include <cstdint>
#include <map>
#include <string>

namespace troupe::cluster {

/// What a coordinator knows of all members, by when it changed: so that who asks what has changed costs the store nothing.
/// One thread at a time.
class change_log {
public:
  /// Takes what has changed in the table; of a complete list nothing that was known before counts.
  void begin(bool complete);
  void add(std::uint64_t version, v1::Member member);
  void finish(std::uint64_t version);

  /// What somebody does not know who knows up to a version; nothing where that is more than is known here.
  [[nodiscard]] v1::MembershipChanges since(std::uint64_t known) const;
  [[nodiscard]] std::uint64_t version() const { return version_; }

private:
  void drop_oldest_gone();

  std::map<std::uint64_t, v1::Member> by_version_;
  std::map<std::string, std::uint64_t, std::less<>> version_of_;
  std::uint64_t version_ = 0;
  /// Who knows less than this is told all: it is not known any more who has gone before.
  std::uint64_t floor_ = 0;
  std::size_t gone_ = 0;
};

} // namespace troupe::cluster
