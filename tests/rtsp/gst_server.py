"""GStreamer's RTSP server as a process of its own, which tests may kill and start again.

Run by Debian's Python, which has the bindings: /usr/bin/python3 gst_server.py --port 8600
Without --file it is a live test picture (a moving ball), with --sound also a tone in G.711.
"""

import argparse
import shlex

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "viewer"


def pipeline(args: argparse.Namespace) -> str:
    if args.file:
        file = shlex.quote(args.file)
        return f"filesrc location={file} ! qtdemux ! h264parse ! rtph264pay name=pay0"
    width, height = args.size.split("x")
    picture = (
        f"videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},"
        f"framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
        f"key-int-max={args.keyframe_every} ! rtph264pay config-interval=1 name=pay0 pt=96"
    )
    sound = (
        "audiotestsrc is-live=true freq=440 volume=0.5 ! audio/x-raw,rate=8000,channels=1 ! "
        "alawenc ! rtppcmapay name=pay1 pt=8"
    )
    return f"{picture} {sound if args.sound else ''}"


def ask_for_password(server: GstRtspServer.RTSPServer, user: str, password: str) -> None:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_digest(user, password, token)
    server.set_auth(auth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True)
    parser.add_argument("--path", default="/camera")
    parser.add_argument("--file", help="an mp4 with H.264, served once per client")
    parser.add_argument("--size", default="320x240")
    parser.add_argument(
        "--keyframe-every", type=int, default=25, help="in frames, at 25 per second"
    )
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    args = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {pipeline(args)} )")
    factory.set_shared(not args.file)
    if args.user:
        ask_for_password(server, args.user, args.password)
        factory.add_role_from_structure(
            Gst.Structure.new_from_string(
                f"{ROLE}, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )
        )
    server.get_mount_points().add_factory(args.path, factory)
    if server.attach(None) == 0:
        raise SystemExit(f"port {args.port} is taken")
    print(f"rtsp://127.0.0.1:{args.port}{args.path}", flush=True)  # noqa: T201 whoever started us waits for it
    GLib.MainLoop().run()


main()
