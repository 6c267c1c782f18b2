// The core's Status as one of the codes of src/native/errors.ts.
#pragma once

#include "core/status.h"

namespace sluice::addon {

[[nodiscard]] inline const char* code_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::malformed:
      return "malformed_batch";
    case StatusCode::refused:
      return "refused";
    case StatusCode::unavailable:
      return "unavailable";
    case StatusCode::incompatible:
      return "incompatible";
    case StatusCode::ok:
      break;
  }
  return "internal";
}

}  // namespace sluice::addon
