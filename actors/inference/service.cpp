#include "actors/inference/service.hpp"

#include "actors/inference/internal/core.hpp"

#include <utility>

namespace troupe::inference {

service::service(service_options options) : core_(std::make_unique<core>(options)) {}

service::~service() {
  stop();
}

void service::add_model(std::string name, std::filesystem::path model_dir,
                        bert::engine_options options) {
  core_->add_model(std::move(name), std::move(model_dir), std::move(options));
}

result<void> service::load_model(const std::string& name) {
  return core_->load_model(name);
}

result<std::shared_ptr<const bert::ner_model>> service::model(const std::string& name) {
  return core_->model(name);
}

bool service::has_model(const std::string& name) const {
  return core_->has_model(name);
}

std::vector<std::string> service::models() const {
  return core_->models();
}

void service::extract(extract_request request, extract_responder then) {
  core_->extract(std::move(request), std::move(then));
}

void service::run_pending() {
  core_->run_pending();
}

service_stats service::stats() const {
  return core_->stats();
}

void service::stop() {
  core_->stop();
}

} // namespace troupe::inference
