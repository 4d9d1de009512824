#include "tools/troupe/bench_ner_agent.hpp"

#include "actors/inference/ner_extract.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "troupe/v1/ner.pb.h"

#include <string>

namespace troupe::cli {
namespace {

constexpr const char* served_name = "measured";

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
  if (auto added = made->system_->add(inference::ner_extract_agent(*made->models_)); !added)
    return tl::unexpected(std::move(added.error()));
  return made;
}

result<void> ner_agent::extract(std::string_view text) {
  v1::NerRequest wanted;
  wanted.set_text(std::string{text});
  const auto answer =
      system_->request_and_wait({"ner.extract", served_name}, share(std::move(wanted)));
  if (!answer)
    return fail(cli_errc::bench_failed, answer.error().message + " [" + answer.error().type + "]");
  return {};
}

} // namespace troupe::cli
