// libzmq for the IncidentBus module only. Nothing here but what Swift cannot import.
#pragma once
#include <zmq.h>
// eventfd(2) wakes the thread that owns a socket; Swift's Glibc module leaves this header out.
#include <sys/eventfd.h>
