#include "actors/workflow/message_types.hpp"

#include "actors/workflow/reply_check.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

namespace troupe::workflow {
namespace {

using google::protobuf::MessageFactory;

} // namespace

const google::protobuf::Descriptor* linked_type(const std::string& name) {
  const auto* found =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  return found && MessageFactory::generated_factory()->GetPrototype(found) ? found : nullptr;
}

std::shared_ptr<google::protobuf::Message> make_message(const google::protobuf::Descriptor& type) {
  return std::shared_ptr<google::protobuf::Message>{
      MessageFactory::generated_factory()->GetPrototype(&type)->New()};
}

tl::expected<message_ptr, std::string> message_from_json(std::string_view json,
                                                         const google::protobuf::Descriptor& type) {
  auto made = make_message(type);
  const auto read =
      google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, made.get());
  if (!read.ok())
    return tl::unexpected(
        fmt::format("is no {}: {}", type.full_name(), std::string{read.message()}));
  if (const auto wrong = unkeepable(*made))
    return tl::unexpected(fmt::format("cannot be kept: {}", *wrong));
  return message_ptr{std::move(made)};
}

} // namespace troupe::workflow
