#include "tools/troupe/bench_ner_agent.hpp"

#include "actors/inference/ner_extract.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "troupe/v1/ner.pb.h"

#include <chrono>
#include <google/protobuf/wrappers.pb.h>
#include <string>

namespace troupe::cli {
namespace {

constexpr const char* served_name = "measured";

using clock_type = std::chrono::steady_clock;
using milliseconds = google::protobuf::DoubleValue;

double milliseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::milli>{clock_type::now() - start}.count();
}

agent_type asking_agent() {
  return typed_agent<v1::NerRequest, milliseconds>(
      "bench.asker", "Asks for entities, and says how long that took",
      [](const std::shared_ptr<const v1::NerRequest>& wanted,
         const std::shared_ptr<const call_context>& context,
         const typed_responder<milliseconds>& respond) {
        const auto sent = clock_type::now();
        context->request({"ner.extract", served_name}, wanted,
                         [sent, respond](const reply<message_ptr>& answer) {
                           if (!answer) return respond.fail(answer.error());
                           milliseconds took;
                           took.set_value(milliseconds_since(sent));
                           respond(std::move(took));
                         });
      });
}

tl::unexpected<error> failed(const failure& why) {
  return fail(cli_errc::bench_failed, why.message + " [" + why.type + "]");
}

message_ptr request_of(std::string_view text) {
  v1::NerRequest request;
  request.set_text(std::string{text});
  return share(std::move(request));
}

} // namespace

ner_agent::ner_agent(std::size_t threads)
    : models_{
          std::make_unique<inference::service>(inference::service_options{.threads = threads})} {}

ner_agent::~ner_agent() = default;

result<std::unique_ptr<ner_agent>> ner_agent::start(const std::filesystem::path& model,
                                                    bert::precision precision,
                                                    std::size_t threads) {
  std::unique_ptr<ner_agent> made{new ner_agent{threads}};
  made->models_->add_model(served_name, model, {.wanted = precision});
  if (auto loaded = made->models_->load_model(served_name); !loaded)
    return tl::unexpected(std::move(loaded.error()));
  auto system = agent_system::start({});
  if (!system) return tl::unexpected(std::move(system.error()));
  made->system_ = std::move(*system);
  for (auto&& type : {inference::ner_extract_agent(*made->models_), asking_agent()})
    if (auto added = made->system_->add(type); !added)
      return tl::unexpected(std::move(added.error()));
  return made;
}

result<double> ner_agent::from_host(std::string_view text) {
  const auto sent = clock_type::now();
  const auto answer = system_->request_and_wait({"ner.extract", served_name}, request_of(text));
  const double took = milliseconds_since(sent);
  if (!answer) return failed(answer.error());
  return took;
}

result<double> ner_agent::from_agent(std::string_view text) {
  const auto answer = system_->request_and_wait({"bench.asker"}, request_of(text));
  if (!answer) return failed(answer.error());
  return static_cast<const milliseconds&>(**answer).value();
}

} // namespace troupe::cli
