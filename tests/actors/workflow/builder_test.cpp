#include "actors/workflow/builder.hpp"

#include "actors/workflow/inputs.hpp"
#include "tests/actors/workflow/driver.hpp"

#include <google/protobuf/util/message_differencer.h>

namespace troupe::workflow {
namespace {

using namespace troupe::test;
using namespace std::chrono_literals;

template <class Handle, class Field, class Given>
concept can_give = requires(Handle step, Field field, Given given) {
  step.with(field, given);
};

using read_step = workflow_builder::step_handle<v1::ReadFileRequest, v1::ReadFileReply>;
using path_field = message_field<v1::ReadFileRequest, std::string>;

// What the compiler refuses.
static_assert(can_give<read_step, path_field, value_of<std::string>>);
static_assert(can_give<read_step, path_field, std::string>);
static_assert(!can_give<read_step, path_field, value_of<std::int64_t>>);
static_assert(!can_give<read_step, path_field, value_of<v1::FileInfo>>);
static_assert(
    !can_give<read_step, message_field<v1::NerRequest, std::string>, value_of<std::string>>);
static_assert(
    can_give<read_step, message_field<v1::ReadFileRequest, std::uint64_t>, value_of<std::int64_t>>);
static_assert(
    !can_give<read_step, message_field<v1::ReadFileRequest, std::uint64_t>, value_of<double>>);
static_assert(
    !can_give<read_step, message_field<v1::ReadFileRequest, std::uint64_t>, value_of<bool>>);
static_assert(gives<v1::RedactionStyle, std::string>);
static_assert(!gives<v1::RedactionStyle, v1::Aggregation>);
template <class T>
concept can_fan_out = requires(read_step step, T over) {
  step.for_each(over);
};
static_assert(can_fan_out<value_of<google::protobuf::RepeatedPtrField<v1::FileInfo>>>);
static_assert(!can_fan_out<value_of<v1::FileInfo>>);
static_assert(!can_fan_out<value_of<std::string>>);
template <class T>
concept can_compare = requires(value_of<T> a) {
  a == a;
};
static_assert(can_compare<std::string> && !can_compare<v1::FileInfo>);

void build_main_job(workflow_builder& flow) {
  const auto folder = flow.input<std::string>("folder");
  const auto output = flow.input<std::string>("output");
  const auto list = flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.list")
                        .with(TROUPE_FIELD(v1::ListFilesRequest, folder), folder)
                        .with(TROUPE_FIELD(v1::ListFilesRequest, recursive), true);
  const auto files = list.reply().get(TROUPE_FIELD(v1::ListFilesReply, files));
  const auto file = item_of(files);
  const auto read =
      flow.step<v1::ReadFileRequest, v1::ReadFileReply>("read", "files.read")
          .for_each(files)
          .when(file.get(TROUPE_FIELD(v1::FileInfo, size_bytes)) < 1'000'000U &&
                file.get(TROUPE_FIELD(v1::FileInfo, name)) != "it's")
          .parallelism(8)
          .with(TROUPE_FIELD(v1::ReadFileRequest, path), file.get(TROUPE_FIELD(v1::FileInfo, path)))
          .with(TROUPE_FIELD(v1::ReadFileRequest, name),
                file.get(TROUPE_FIELD(v1::FileInfo, name)));
  const auto document = item_of(read);
  const auto redact =
      flow.step<v1::RedactRequest, v1::RedactReply>("redact", "pii.redact")
          .for_each(read)
          .with(TROUPE_FIELD(v1::RedactRequest, text),
                document.get(TROUPE_FIELD(v1::ReadFileReply, text)))
          .with(TROUPE_FIELD(v1::RedactRequest, style), v1::REDACTION_STYLE_PSEUDONYMS)
          .retry({.initial_interval = 200ms, .maximum_interval = 5s, .maximum_attempts = 3})
          .timeouts({.start_to_close = 60s});
  const auto write =
      flow.step<v1::WriteFileRequest, v1::WriteFileReply>("write", "files.write")
          .for_each(redact)
          .with(TROUPE_FIELD(v1::WriteFileRequest, folder), text(output, "/red${acted}"))
          .with(TROUPE_FIELD(v1::WriteFileRequest, name),
                read.reply_of_same_index().get(TROUPE_FIELD(v1::ReadFileReply, name)))
          .with(TROUPE_FIELD(v1::WriteFileRequest, text),
                item_of(redact).get(TROUPE_FIELD(v1::RedactReply, text)));
  flow.step<v1::WriteReportRequest, v1::WriteReportReply>("report", "report.write")
      .needs(write)
      .priority(7)
      .continue_on_failure()
      .with(TROUPE_FIELD(v1::WriteReportRequest, folder), output)
      .with(TROUPE_FIELD(v1::WriteReportRequest, documents), read.replies())
      .with(TROUPE_FIELD(v1::WriteReportRequest, run), this_run());
}

constexpr const char* same_in_yaml = R"yaml(
name: job
version: "1"
inputs: { folder: string, output: string }
steps:
  list: { agent: files.list, input: { folder: "${inputs.folder}", recursive: true } }
  read:
    agent: files.read
    for_each: ${steps.list.files}
    when: "(${item.size_bytes} < 1000000) and (${item.name} != 'it''s')"
    parallelism: 8
    input: { path: "${item.path}", name: "${item.name}" }
  redact:
    agent: pii.redact
    for_each: ${steps.read}
    input: { text: "${item.text}", style: REDACTION_STYLE_PSEUDONYMS }
    retry: { maximum_attempts: 3, initial_interval: 200ms, backoff_coefficient: 2, maximum_interval: 5s }
    timeouts: { start_to_close: 60s }
  write:
    agent: files.write
    for_each: ${steps.redact}
    input: { folder: "${inputs.output}/red$${acted}", name: "${steps.read.name}", text: "${item.text}" }
  report:
    agent: report.write
    needs: [write]
    priority: 7
    on_failure: continue
    input: { folder: "${inputs.output}", documents: "${steps.read}", run: "${run}" }
)yaml";

definition_ptr compiled(const workflow_builder& flow) {
  auto made = flow.compile(known_agents{});
  if (!made) throw std::runtime_error{to_string(made.error())};
  return *made;
}

BOOST_AUTO_TEST_SUITE(builder)

BOOST_AUTO_TEST_CASE(gives_the_same_as_yaml) {
  workflow_builder flow{"job"};
  build_main_job(flow);
  google::protobuf::util::MessageDifferencer differences;
  std::string report;
  differences.ReportDifferencesToString(&report);
  BOOST_TEST(differences.Compare(load(same_in_yaml)->source, compiled(flow)->source), report);
}

BOOST_AUTO_TEST_CASE(what_holds_for_the_whole_run) {
  workflow_builder flow{"bounded"};
  const auto list = flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.list");
  flow.deadline(90s).max_uncommitted(4).output(list.reply());
  google::protobuf::util::MessageDifferencer differences;
  std::string report;
  differences.ReportDifferencesToString(&report);
  BOOST_TEST(
      differences.Compare(load("name: bounded\ndeadline: 90s\nmax_uncommitted: 4\n"
                               "output: \"${steps.list}\"\nsteps:\n  list: { agent: files.list }\n")
                              ->source,
                          compiled(flow)->source),
      report);
}

BOOST_AUTO_TEST_CASE(what_it_builds_runs) {
  workflow_builder flow{"job"};
  build_main_job(flow);
  driver run{compiled(flow), {{"folder", "in"}, {"output", "out"}}};
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(waits_and_signals) {
  workflow_builder flow{"waits", "2", "for a time and for somebody"};
  const auto night = flow.wait("night", 90min);
  const auto approve = flow.signal<v1::Approval>("approve", "approve")
                           .needs(night)
                           .timeouts({.schedule_to_close = 24h});
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.list")
      .when(is_true(approve.reply().get(TROUPE_FIELD(v1::Approval, approved))) &&
            !(approve.reply().get(TROUPE_FIELD(v1::Approval, by)) == ""))
      .with(TROUPE_FIELD(v1::ListFilesRequest, folder), "here");
  driver run{compiled(flow), {}};
  run.fire_timer(0);
  run.send("approve");
  run.complete_all();
  BOOST_TEST(run.state.summary().steps(2).status() ==
             v1::STEP_STATUS_SKIPPED); // an empty payload approves of nothing
}

BOOST_AUTO_TEST_CASE(a_planned_step) {
  workflow_builder flow{"plans"};
  const auto plan = flow.step<v1::ListFilesRequest, v1::WorkflowDefinition>("plan", "plan.make");
  const auto all = flow.planned<v1::ReadFileReply>("all", plan.reply());
  flow.step<v1::RedactRequest, v1::RedactReply>("redact", "pii.redact")
      .with(TROUPE_FIELD(v1::RedactRequest, text),
            all.reply().get(TROUPE_FIELD(v1::ReadFileReply, text)));
  BOOST_TEST(compiled(flow)->steps[1].plan.has_value());
}

BOOST_AUTO_TEST_CASE(inputs_with_and_without_default) {
  workflow_builder flow{"inputs"};
  flow.input_or<std::string>("text", "${not a reference}");
  flow.input_or<std::int64_t>("count", 3);
  flow.input_or<double>("rate", 0.5);
  flow.input_or<bool>("dry", true);
  flow.input<std::int64_t>("needed");
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.list");
  const auto workflow = compiled(flow);
  const auto values = must(complete_inputs(*workflow, {{"needed", std::int64_t{7}}}));
  BOOST_TEST(std::get<std::string>(values.at("text")) == "${not a reference}");
  BOOST_TEST(std::get<std::int64_t>(values.at("count")) == 3);
  BOOST_TEST(std::get<double>(values.at("rate")) == 0.5);
  BOOST_TEST(std::get<bool>(values.at("dry")));
  BOOST_TEST(!complete_inputs(*workflow, {}));
}

BOOST_AUTO_TEST_CASE(a_number_that_a_definition_cannot_hold_is_refused) {
  workflow_builder flow{"large"};
  flow.input_or<std::int64_t>("count", (std::int64_t{1} << 53) + 1);
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.list");
  const auto made = flow.compile(known_agents{});
  BOOST_REQUIRE(!made);
  BOOST_TEST(to_string(made.error()).find("count") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_the_compiler_cannot_see_is_found_by_the_checker) {
  workflow_builder flow{"wrong"};
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.lists")
      .needs(flow.wait("list", 1s));
  const auto made = flow.compile(known_agents{});
  BOOST_REQUIRE(!made);
  const auto said = to_string(made.error());
  BOOST_TEST(said.find("files.lists") != std::string::npos, said);
  BOOST_TEST(said.find("list") != std::string::npos, said);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::workflow
