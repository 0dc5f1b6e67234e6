"""The loop that paints: the newest frame, in the look of the moment, at the size that holds the rate."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.film.planes import InPlanes
from allaprima.live.capture import Capture
from allaprima.live.controls import Choice, Controls, Weights
from allaprima.live.loopback import VirtualCamera
from allaprima.live.pace import Pace, fitted
from allaprima.live.recording import Recording
from allaprima.live.shown import Shown
from allaprima.live.stream import Grab
from allaprima.session import FrameInWork, Session
from allaprima.stylizer import Stylizer

Pixels = NDArray[np.uint8]

LONGEST = 1280
"""Pixels on the longer side of what is shown, unless told otherwise."""
_SMALLEST = 320
"""Pixels on the longer side that are painted at least, even where the rate does not hold: less is a blur."""
_JPEG = {"quality": 85, "subsampling": "4:2:0"}
_NAP, _WAIT = 1.0, 0.25
"""Seconds: between two looks for a viewer, and for a frame."""
_AVERAGED = 30
"""Frames over which rate and latency are told."""


@dataclass(frozen=True)
class Stats:
    """How it goes.

    Attributes:
        fps: paintings a second.
        latency: seconds from a frame's capture until its painting can be shown, the median.
        size: (width, height) that is painted, in pixels.
        asleep: nobody looks.
    """

    fps: float
    latency: float
    size: tuple[int, int]
    asleep: bool


class Loop:
    """Paints in a thread of its own, while somebody looks or something is recorded.

    Args:
        stylizer: the model.
        capture: where frames come from.
        controls: how they are painted.
        shown: where paintings go.
        fps: paintings a second, at most, which the size is chosen to hold.
        longest: pixels on the longer side, at most.
        camera: makes a virtual camera of a size (width, height), which gets the paintings as well.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        capture: Capture,
        controls: Controls,
        shown: Shown,
        *,
        fps: float,
        longest: int = LONGEST,
        camera: Callable[[tuple[int, int]], VirtualCamera] | None = None,
    ) -> None:
        self._stylizer, self._capture, self._controls, self._shown = stylizer, capture, controls, shown
        self._fps, self._longest, self._make_camera = fps, longest, camera
        self._camera: VirtualCamera | None = None
        self._pace: Pace | None = None
        self._frame_size = (0, 0)
        self._look_of: tuple[Weights, float, object, str] | None = None
        self._session: Session | None = None
        self._planes: InPlanes | None = None
        self._seen: Pixels | None = None
        self._painted: Pixels | None = None
        self._recording: Recording | None = None
        self._lock = threading.Lock()
        self._done: deque[tuple[float, float]] = deque(maxlen=_AVERAGED)
        self._last_captured = float("-inf")
        self._asleep = False
        self._ended = threading.Event()
        self.fault: Exception | None = None
        """What ended it, if anything did."""
        self._computing: ThreadPoolExecutor | None = None
        self._finisher = ThreadPoolExecutor(1, "finishing")
        self._in_work: deque[Future[None]] = deque()
        self._thread = threading.Thread(target=self._run, name="painting", daemon=True)

    def start(self) -> None:
        """Begin to paint."""
        self._capture.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop painting and free the source; a recording is ended and kept."""
        self._ended.set()
        self._shown.arrived.set()
        self._capture.stop()
        self._thread.join(1.0)
        if self._camera is not None:
            self._camera.close()
        if (recording := self.end_recording()) is not None:
            recording.finish()

    def wait(self, timeout: float | None = None) -> bool:
        """Until it ends by itself, which only a fault makes it do; whether it has."""
        return self._ended.wait(timeout)

    @property
    def frame(self) -> Pixels | None:
        """The last frame as the network saw it, uint8 [H, W, 3]."""
        return self._seen

    @property
    def painting(self) -> Pixels | None:
        """Its painting."""
        return self._painted

    @property
    def stats(self) -> Stats:
        """How it goes."""
        done = list(self._done)
        now = time.monotonic()
        recent = [at for at, _ in done if now - at < 2]
        fps = (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 2 else 0.0
        latencies = sorted(late for _, late in done)
        painted = self._painted
        size = (0, 0) if painted is None else (painted.shape[1], painted.shape[0])
        return Stats(fps, latencies[len(latencies) // 2] if latencies else 0.0, size, self._asleep)

    @property
    def recording(self) -> Recording | None:
        """What is being recorded."""
        return self._recording

    @property
    def full_size(self) -> tuple[int, int] | None:
        """(width, height) of the largest painting of the source; None before its first frame."""
        return fitted(self._frame_size, self._longest) if any(self._frame_size) else None

    def record(self, recording: Recording) -> None:
        """Record from now on, beside all else."""
        with self._lock:
            self._recording = recording
        self._shown.arrived.set()

    def end_recording(self) -> Recording | None:
        """Record no longer; the caller finishes it."""
        with self._lock:
            recording, self._recording = self._recording, None
        return recording

    def _run(self) -> None:
        try:
            number = 0
            while not self._ended.is_set():
                if not self._is_wanted():
                    self._sleep()
                    continue
                self._capture.wake()
                self._make_room()
                if (found := self._capture.newest(number, _WAIT)) is not None:
                    number, grab = found
                    self._paint(grab)
        except Exception as error:
            self.fault = error
        finally:
            self._ended.set()
            self._finisher.shutdown()
            if self._computing is not None:
                self._computing.shutdown()

    def _is_wanted(self) -> bool:
        return self._shown.watched or self._recording is not None or self._make_camera is not None

    def _sleep(self) -> None:
        self._asleep = True
        self._capture.rest()
        self._done.clear()
        self._shown.arrived.clear()
        if not self._is_wanted():
            self._shown.arrived.wait(_NAP)
        self._asleep = not self._is_wanted()

    def _make_room(self) -> None:
        """Wait until another frame may be begun: no more than are computed side by side, so that none is late."""
        most = 1 if self._session is None else self._session.at_once
        while self._in_work and (len(self._in_work) >= most or self._in_work[0].done()):
            self._in_work.popleft().result()  # or its fault

    def _paint(self, grab: Grab) -> None:
        if grab.captured - self._last_captured < 0.75 / self._fps:
            return  # the source gives more than are wanted
        self._last_captured = grab.captured
        start = time.monotonic()
        if self._pace is None or grab.size != self._frame_size:
            self._frame_size = grab.size
            longest = min(self._longest, max(grab.size))
            self._pace = Pace(self._fps, min(1.0, _SMALLEST / longest))
        choice, pace, scale = self._controls.choice, self._pace, self._pace.scale
        full = fitted(grab.size, self._longest)
        seen = grab.convert(*fitted(full, scale * max(full)))
        if choice.mirror:
            seen = np.ascontiguousarray(seen[:, ::-1])
        session = self._in_look(choice)
        frame, beside, steady = session.see(seen), len(self._in_work) > 0, session.steady > 0
        self._computing = self._computing or ThreadPoolExecutor(session.at_once, "computing")
        computed = self._computing.submit(frame.compute, many=beside)  # alone, it has every thread, and is there sooner

        def finish() -> None:
            self._finish(self._painting_of(computed.result(), seen, steady), seen, grab.captured)
            end = time.monotonic()
            if scale == pace.scale:
                pace.after((end - start) / (session.at_once if beside else 1), end)

        self._in_work.append(self._finisher.submit(finish))

    def _finish(self, painted: Pixels, seen: Pixels, captured: float) -> None:
        self._shown.show(captured, _jpeg(painted))
        end = time.monotonic()
        self._done.append((end, end - captured))
        self._seen, self._painted = seen, painted
        self._hand_on(painted, captured)

    def _painting_of(self, frame: FrameInWork, seen: Pixels, steady: bool) -> Pixels:
        """What becomes of a computed frame. It is blended in YUV where it can be: JPEGs halve chroma as well."""
        if not steady or not frame.plain:
            return frame.blend()()
        size = seen.shape[0], seen.shape[1]
        if self._planes is None or self._planes.size != size:
            self._planes = InPlanes(size, size)
        return self._planes.pixels(frame.blend_planes(self._planes.of_painting)())

    def _in_look(self, choice: Choice) -> Session:
        """The session, in the look of this moment."""
        weights = self._controls.weights(time.monotonic())
        look_of = (weights, choice.strength, choice.stroke, choice.color)
        if self._session is None:
            self._session = self._stylizer.session(
                weights, choice.strength, stroke=choice.stroke, color=choice.color, steady=choice.steady
            )
        elif look_of != self._look_of:
            self._session.look = self._stylizer.look(weights, choice.strength, stroke=choice.stroke, color=choice.color)
        if self._session.steady != choice.steady:
            self._session.steady = choice.steady
        self._look_of = look_of
        return self._session

    def _hand_on(self, painted: Pixels, captured: float) -> None:
        with self._lock:
            if self._recording is not None:
                self._recording.add(painted, captured)
        if self._make_camera is not None:
            self._camera = self._camera or self._make_camera(fitted(self._frame_size, self._longest))
            self._camera.show(painted)


def _jpeg(pixels: Pixels) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **_JPEG)
    return buffer.getvalue()
