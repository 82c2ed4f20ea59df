// libpq for the Storage module only. Nothing here but what Swift cannot import.
#pragma once
#include <libpq-fe.h>
// The fields of an error are character literals, which Swift leaves out.
enum { SNOWLIGHT_SQLSTATE = PG_DIAG_SQLSTATE, SNOWLIGHT_MESSAGE = PG_DIAG_MESSAGE_PRIMARY, SNOWLIGHT_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME };
