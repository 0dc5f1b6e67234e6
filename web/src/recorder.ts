/** The live painting as a video file. */

const TYPES = ["video/mp4", "video/webm;codecs=vp9", "video/webm"];
/** Frames a second that are looked for; those that have not changed cost little. */
const RATE = 24;

export class Recorder {
  private recorder: MediaRecorder | null = null;
  private readonly parts: Blob[] = [];

  static get exists(): boolean {
    return typeof MediaRecorder !== "undefined" && "captureStream" in HTMLCanvasElement.prototype;
  }

  get running(): boolean {
    return this.recorder !== null;
  }

  start(canvas: HTMLCanvasElement): void {
    const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
    this.parts.length = 0;
    this.recorder = new MediaRecorder(canvas.captureStream(RATE), type === undefined ? {} : { mimeType: type });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.parts.push(data));
    this.recorder.start(1000);
  }

  /** The file, and the ending of its name. */
  stop(): Promise<{ readonly blob: Blob; readonly suffix: string }> {
    const recorder = this.recorder!;
    this.recorder = null;
    return new Promise((resolve) => {
      recorder.addEventListener("stop", () => {
        const blob = new Blob(this.parts, { type: recorder.mimeType });
        this.parts.length = 0;
        resolve({ blob, suffix: recorder.mimeType.startsWith("video/mp4") ? "mp4" : "webm" });
      });
      recorder.stop();
    });
  }
}
