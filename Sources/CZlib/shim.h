// zlib for the Tagging module only: it unpacks documents that come as gzip.
#pragma once
#include <zlib.h>
