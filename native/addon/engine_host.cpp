#include "addon/engine_host.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "addon/status_code.h"
#include "addon/values.h"

namespace sluice::addon {
namespace {

std::int64_t monotonic_micros() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

std::string hex16(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      break;
  }
  return "error";
}

}  // namespace

EngineHost::EngineHost(io::Loop& loop, Outbox& outbox, PromiseDesk& desk)
    : loop_(loop),
      outbox_(outbox),
      desk_(desk),
      engine_(*this, monotonic_micros),
      dial_reporter_([this](std::string_view reason) { down(reason); }) {}

void EngineHost::connect(const io::Remote& remote) {
  for (const auto& connection : connections_) connection->hang_up("another remote was chosen", loop_.now());
  connections_.clear();
  dial_reporter_.reset();
  connections_.push_back(std::make_unique<io::Connection>(loop_, remote, engine_.session(), &dial_reporter_));
  for (Session* lane : engine_.lanes()) {
    connections_.push_back(std::make_unique<io::Connection>(loop_, remote, *lane));
  }
  connections_.push_back(std::make_unique<io::Connection>(loop_, remote, engine_.monitor_session()));
}

void EngineHost::refuse(Ticket ticket, const Status& status) {
  outbox_.push([this, ticket, status](Napi::Env env, Napi::Array) {
    desk_.refuse(env, ticket, code_of(status), status.message());
  });
}

void EngineHost::commit(Ticket ticket, std::vector<std::uint8_t> batch, CommitOptions options) {
  const Status status = engine_.submit(ticket, std::move(batch), options, loop_.now());
  if (!status.ok()) refuse(ticket, status);
}

void EngineHost::flows(Ticket ticket, std::optional<OwnerKey> owner, std::optional<std::uint8_t> table) {
  outbox_.push([this, ticket, bytes = engine_.flows(owner, table)](Napi::Env env, Napi::Array) {
    desk_.settle(ticket, to_js(env, bytes));
  });
}

void EngineHost::read_switch(Ticket ticket, std::optional<OwnerKey> owner, std::optional<std::uint8_t> table) {
  const Status status = engine_.read_switch(ticket, table, loop_.now(), owner);
  if (!status.ok()) refuse(ticket, status);
}

void EngineHost::owners(Ticket ticket, std::uint32_t shared_id) {
  outbox_.push([this, ticket, owners = engine_.owners_of_shared(shared_id)](Napi::Env env, Napi::Array) {
    desk_.settle(ticket, to_js(env, owners));
  });
}

void EngineHost::stats(Ticket ticket) {
  outbox_.push(
      [this, ticket, stats = engine_.stats()](Napi::Env env, Napi::Array) { desk_.settle(ticket, to_js(env, stats)); });
}

void EngineHost::on_up(std::uint64_t datapath_id) {
  dial_reporter_.reset();
  outbox_.push([datapath_id](Napi::Env env, Napi::Array events) {
    Napi::Object up = event(env, "up");
    up.Set("datapathId", Napi::String::New(env, hex16(datapath_id)));
    append(events, up);
  });
}

// A switch that accepts us and then refuses (no OpenFlow 1.5) is left and dialled again for ever, like one that is not
// there: the reason is said once, too.
void EngineHost::on_down(std::string_view reason) { dial_reporter_.dial_failed(reason); }

void EngineHost::down(std::string_view reason) {
  outbox_.push([reason = std::string(reason)](Napi::Env env, Napi::Array events) {
    Napi::Object gone = event(env, "down");
    gone.Set("reason", to_js(env, std::string_view(reason)));
    append(events, gone);
  });
}

void EngineHost::on_resynced(const ResyncReport& report) {
  outbox_.push([report](Napi::Env env, Napi::Array events) {
    Napi::Object resynced = event(env, "resynced");
    resynced.Set("flowsRead", number(env, report.flows_read));
    resynced.Set("groupsRead", number(env, report.groups_read));
    resynced.Set("sent", number(env, report.sent));
    resynced.Set("foreign", number(env, report.foreign));
    resynced.Set("whole", Napi::Boolean::New(env, report.whole));
    resynced.Set("elapsedUs", number(env, static_cast<std::uint64_t>(report.elapsed_us)));
    append(events, resynced);
  });
}

void EngineHost::on_drift(const DriftReport& report) {
  outbox_.push([report](Napi::Env env, Napi::Array events) {
    Napi::Object drift = event(env, "drift");
    drift.Set("foundBy", Napi::String::New(env, report.by_reading ? "reading" : "monitor"));
    drift.Set("added", number(env, report.added));
    drift.Set("modified", number(env, report.modified));
    drift.Set("removed", number(env, report.removed));
    drift.Set("groups", number(env, report.groups));
    const Napi::Array samples = Napi::Array::New(env, report.samples.size());
    for (std::uint32_t i = 0; i < report.samples.size(); ++i) samples.Set(i, to_js(env, report.samples[i]));
    drift.Set("samples", samples);
    append(events, drift);
  });
}

void EngineHost::on_mended(std::uint64_t entries, std::int64_t elapsed_us) {
  outbox_.push([entries, elapsed_us](Napi::Env env, Napi::Array events) {
    Napi::Object mended = event(env, "mended");
    mended.Set("entries", number(env, entries));
    mended.Set("elapsedUs", number(env, static_cast<std::uint64_t>(elapsed_us)));
    append(events, mended);
  });
}

void EngineHost::on_commit_done(CommitResult result) {
  // Shared, since a std::function is copyable and the refused flows need not be.
  auto kept = std::make_shared<const CommitResult>(std::move(result));
  outbox_.push([this, kept](Napi::Env env, Napi::Array) { desk_.settle(kept->commit_id, to_js(env, *kept)); });
}

void EngineHost::on_quarantined(const Quarantine& quarantine) {
  outbox_.push([quarantine](Napi::Env env, Napi::Array events) {
    Napi::Object object = to_js(env, quarantine);
    // `type` names the event; the OpenFlow error's own type stands beside it.
    object.Set("errorType", number(env, quarantine.type));
    object.Set("errorCode", number(env, quarantine.code));
    object.Delete("code");
    object.Set("type", Napi::String::New(env, "quarantined"));
    append(events, object);
  });
}

void EngineHost::on_conflict(const Conflict& conflict) {
  outbox_.push([conflict](Napi::Env env, Napi::Array events) {
    Napi::Object object = event(env, "conflict");
    object.Set("winners", to_js(env, conflict.winners));
    object.Set("losers", to_js(env, conflict.losers));
    object.Set("flow", to_js(env, conflict.flow));
    append(events, object);
  });
}

void EngineHost::on_progress(const Progress& progress) {
  outbox_.push([progress](Napi::Env env, Napi::Array events) {
    Napi::Object object = event(env, "progress");
    object.Set("phase", Napi::String::New(env, progress.phase == Progress::Phase::read ? "read" : "commit"));
    object.Set("done", number(env, progress.done));
    object.Set("total", number(env, progress.total));
    object.Set("elapsedUs", number(env, static_cast<std::uint64_t>(progress.elapsed_us)));
    append(events, object);
  });
}

void EngineHost::on_switch_read(std::uint64_t request_id, const Status& status, std::vector<std::uint8_t> flows) {
  if (!status.ok()) return refuse(request_id, status);
  outbox_.push([this, request_id, flows = std::move(flows)](Napi::Env env, Napi::Array) {
    desk_.settle(request_id, to_js(env, flows));
  });
}

void EngineHost::on_log(LogLevel level, std::string_view message, std::string_view detail) {
  outbox_.push(
      [level, message = std::string(message), detail = std::string(detail)](Napi::Env env, Napi::Array events) {
        Napi::Object log = event(env, "log");
        log.Set("level", Napi::String::New(env, name_of(level)));
        log.Set("message", to_js(env, std::string_view(message)));
        Napi::Object fields = Napi::Object::New(env);
        if (!detail.empty()) fields.Set("detail", to_js(env, std::string_view(detail)));
        log.Set("fields", fields);
        append(events, log);
      });
}

}  // namespace sluice::addon
