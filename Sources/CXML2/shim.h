// libxml2 for the Tagging module only: the push parser and nothing else.
#pragma once
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
