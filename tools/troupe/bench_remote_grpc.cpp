#include "tools/troupe/bench_remote_subject.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <fmt/format.h>
#include <fstream>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

using bare_clock = std::chrono::steady_clock;

constexpr const char* echo_method = "/bench/Echo";
constexpr const char* take_method = "/bench/Take";

std::string file_text(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

grpc::SslServerCredentialsOptions::PemKeyCertPair
key_and_certificate(const std::filesystem::path& folder, const std::string& node) {
  return {file_text(folder / (node + ".key")), file_text(folder / (node + ".pem"))};
}

/// As the fabric's transport has them: what differs is troupe alone.
template <class Set>
void same_settings(Set&& set) {
  set(GRPC_ARG_MINIMAL_STACK, 1);
  set(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, -1);
  set(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1 << 20);
  set(GRPC_ARG_HTTP2_BDP_PROBE, 0);
}

grpc::ByteBuffer buffer_of(std::size_t bytes) {
  const grpc::Slice slice{std::string(bytes, 'x')};
  return {&slice, 1};
}

struct bare_completion {
  virtual void happened(bool good) = 0;

protected:
  ~bare_completion() = default;
};

/// The end of an operation: calls a member of its owner.
template <class Owner>
struct bare_tag final : bare_completion {
  bare_tag(Owner& of, void (Owner::*then)(bool)) : of_{of}, then_{then} {}
  void happened(bool good) override { (of_.*then_)(good); }
  [[nodiscard]] void* get() { return static_cast<bare_completion*>(this); }

private:
  Owner& of_;
  void (Owner::*const then_)(bool);
};

void serve_queue(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool good = false;
  while (queue.Next(&tag, &good))
    static_cast<bare_completion*>(tag)->happened(good);
}

/// Frames that are to arrive.
struct bare_arrivals {
  std::atomic<std::size_t> left = 0;
  std::promise<void> done;

  [[nodiscard]] std::future<void> expect(std::size_t count) {
    done = {};
    left = count;
    return done.get_future();
  }
  void one() {
    if (--left == 0) done.set_value();
  }
};

/// The accepting end of one stream: sends back what comes, or counts it.
class bare_answerer {
public:
  bare_answerer(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
                bare_arrivals& into)
      : into_{into} {
    service.RequestCall(&context_, &stream_, &queue, &queue, began_.get());
  }

private:
  void on_began(bool good) {
    if (!good) return; // the server ends
    echoes_ = context_.method() == echo_method;
    read();
  }
  void read() { stream_.Read(&frame_, read_.get()); }
  void on_read(bool good) {
    // Whoever called has cancelled it: there is nobody to say a status to, and the queue may be on its way out.
    if (!good) return;
    if (echoes_) return stream_.Write(frame_, written_.get());
    into_.one();
    read();
  }
  void on_written(bool good) {
    if (good) read();
  }

  bare_arrivals& into_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  grpc::ByteBuffer frame_;
  bool echoes_ = false;
  bare_tag<bare_answerer> began_{*this, &bare_answerer::on_began},
      read_{*this, &bare_answerer::on_read}, written_{*this, &bare_answerer::on_written};
};

/// The end that opened a stream. One measurement at a time.
class bare_caller {
public:
  bare_caller(grpc::GenericStub& stub, const char* method, grpc::CompletionQueue& queue)
      : stream_{stub.PrepareCall(&context_, method, &queue)} {
    stream_->StartCall(began_.get());
  }
  void cancel() {
    context_.TryCancel();
    stream_->Finish(&status_, finished_.get());
  }
  [[nodiscard]] result<void> ready() {
    return await(opened_.get_future(), "opening a bare stream");
  }

  /// Sends `frame` and waits for the answer, `count` times and some before.
  [[nodiscard]] result<std::vector<double>> ask(std::size_t count, const grpc::ByteBuffer& frame) {
    done_ = {};
    frame_ = frame;
    counted_ = count;
    left_ = std::min(count / 4 + 1, warm_up_requests) + count;
    microseconds_.clear();
    microseconds_.reserve(count);
    asking_ = true;
    auto done = done_.get_future();
    next();
    if (auto there = await(std::move(done), "bare requests"); !there)
      return tl::unexpected(there.error());
    if (broken_) return fail(cli_errc::bench_failed, "a bare stream broke");
    return std::move(microseconds_);
  }
  /// Sends `frame` `count` times. @returns ready when gRPC has taken the last one.
  [[nodiscard]] std::future<void> send(std::size_t count, const grpc::ByteBuffer& frame) {
    done_ = {};
    frame_ = frame;
    asking_ = false;
    left_ = count;
    auto done = done_.get_future();
    stream_->Write(frame_, written_.get());
    return done;
  }

private:
  void next() {
    sent_ = bare_clock::now();
    halves_ = 2;
    stream_->Read(&answer_, read_.get());
    stream_->Write(frame_, written_.get());
  }
  void on_began(bool good) {
    broken_ = !good;
    opened_.set_value();
  }
  void on_written(bool good) {
    if (asking_) return half(good);
    if (good && --left_ > 0) return stream_->Write(frame_, written_.get());
    done_.set_value();
  }
  void on_read(bool good) {
    const std::chrono::duration<double, std::micro> took = bare_clock::now() - sent_;
    if (left_ <= counted_) microseconds_.push_back(took.count());
    half(good);
  }
  void half(bool good) {
    if (!good && !broken_) {
      broken_ = true;
      done_.set_value();
    }
    if (broken_ || --halves_ > 0) return;
    if (--left_ > 0) return next();
    done_.set_value();
  }
  void on_finished(bool) {}

  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::Status status_;
  grpc::ByteBuffer frame_, answer_;
  std::promise<void> opened_, done_;
  bool asking_ = false, broken_ = false;
  int halves_ = 0;
  std::size_t left_ = 0, counted_ = 0;
  std::vector<double> microseconds_;
  bare_clock::time_point sent_;
  bare_tag<bare_caller> began_{*this, &bare_caller::on_began}, read_{*this, &bare_caller::on_read},
      written_{*this, &bare_caller::on_written}, finished_{*this, &bare_caller::on_finished};
};

class bare_streams final : public remote_subject {
public:
  ~bare_streams() override {
    for (auto* each : {echo_.get(), take_.get()})
      if (each) each->cancel();
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    calls_.Shutdown();
    if (answers_) answers_->Shutdown();
    for (auto* each : {&asking_, &answering_})
      if (each->joinable()) each->join();
  }

  result<void> start(const remote_certificates& with) {
    auto port = listen(with);
    if (!port) return tl::unexpected(port.error());
    answering_ = std::thread{[this] { serve_queue(*answers_); }};
    asking_ = std::thread{[this] { serve_queue(calls_); }};
    dial(with, *port);
    for (auto* each : {echo_.get(), take_.get()})
      if (auto ready = each->ready(); !ready) return ready;
    const auto first = echo_->ask(1, buffer_of(1));
    if (!first) return tl::unexpected(first.error());
    return {};
  }

  result<std::vector<double>> requests(std::size_t count, std::size_t bytes) override {
    return echo_->ask(count, buffer_of(bytes));
  }

  result<one_way_found> one_way(std::size_t count, const frame_shape& like) override {
    const auto frames = std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(count) / like.messages));
    auto all_there = arrivals_.expect(frames);
    const stopwatch timer;
    auto taken = take_->send(frames, buffer_of(static_cast<std::size_t>(like.bytes)));
    if (auto there = await(std::move(all_there), "frames of a bare stream"); !there)
      return tl::unexpected(there.error());
    const auto rate = rate_of(frames, timer);
    if (auto all = await(std::move(taken), "a bare stream"); !all)
      return tl::unexpected(all.error());
    return one_way_found{{rate.per_second * like.messages, rate.per_core_second * like.messages},
                         like};
  }

private:
  result<int> listen(const remote_certificates& with) {
    grpc::SslServerCredentialsOptions tls{
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY};
    tls.pem_root_certs = file_text(with.b / "ca.pem");
    tls.pem_key_cert_pairs.push_back(key_and_certificate(with.b, "b"));
    grpc::ServerBuilder builder;
    same_settings([&](const char* name, int value) { builder.AddChannelArgument(name, value); });
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
    builder.RegisterAsyncGenericService(&service_);
    answers_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
      return fail(cli_errc::bench_failed, "gRPC cannot start a server on 127.0.0.1");
    for (auto& each : answerers_)
      each = std::make_unique<bare_answerer>(service_, *answers_, arrivals_);
    return port;
  }

  void dial(const remote_certificates& with, int port) {
    const auto own = key_and_certificate(with.a, "a");
    const grpc::SslCredentialsOptions tls{file_text(with.a / "ca.pem"), own.private_key,
                                          own.cert_chain};
    grpc::ChannelArguments arguments;
    same_settings([&](const char* name, int value) { arguments.SetInt(name, value); });
    stub_ = std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
        fmt::format("127.0.0.1:{}", port), grpc::SslCredentials(tls), arguments));
    echo_ = std::make_unique<bare_caller>(*stub_, echo_method, calls_);
    take_ = std::make_unique<bare_caller>(*stub_, take_method, calls_);
  }

  bare_arrivals arrivals_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> answers_;
  std::unique_ptr<grpc::Server> server_;
  std::array<std::unique_ptr<bare_answerer>, 2> answerers_;
  grpc::CompletionQueue calls_;
  std::unique_ptr<grpc::GenericStub> stub_;
  std::unique_ptr<bare_caller> echo_, take_;
  std::thread asking_, answering_;
};

} // namespace

result<std::unique_ptr<remote_subject>> bare_grpc_stream(const remote_certificates& with) {
  auto made = std::make_unique<bare_streams>();
  if (auto started = made->start(with); !started) return tl::unexpected(started.error());
  return made;
}

} // namespace troupe::cli
