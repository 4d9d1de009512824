#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// A buffer that owns the string; its bytes stay where they are.
[[nodiscard]] inline grpc::ByteBuffer to_buffer(std::string frame) {
  auto* kept = new std::string{std::move(frame)};
  const grpc::Slice slice{kept->data(), kept->size(),
                          [](void* held) { delete static_cast<std::string*>(held); }, kept};
  return {&slice, 1};
}

/// The bytes of a buffer: in place where they lie together, else put together.
class buffer_view {
public:
  explicit buffer_view(const grpc::ByteBuffer& of) {
    good_ = of.TrySingleSlice(&slice_).ok() || of.DumpToSingleSlice(&slice_).ok();
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()};
  }

private:
  grpc::Slice slice_;
  bool good_ = false;
};

} // namespace troupe::cluster
