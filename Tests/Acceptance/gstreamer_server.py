"""An RTSP server that is not ours: serves streams as /1, /2, … with GStreamer. Run by Debian's python3.

usage: gstreamer_server.py STREAM…      a video file, or a pipeline in round brackets; prints `port N` when it is ready

`udp:` in front of a stream: that one refuses RTSP over TCP, as some devices do.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def pipeline(stream):
    """The text that GStreamer builds a stream from."""
    if stream.startswith("("):
        return stream
    codec = "h265" if "h265" in stream else "h264"
    return f'( filesrc location="{stream}" ! qtdemux ! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=1 )'


Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
for number, stream in enumerate(sys.argv[1:], 1):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(pipeline(stream.removeprefix("udp:")))
    if stream.startswith("udp:"):
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    server.get_mount_points().add_factory(f"/{number}", factory)
server.attach(None)
print("port", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
