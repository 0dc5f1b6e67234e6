/** A camera's frames, painted one after the other; what comes meanwhile is dropped, and the size holds the rate. */

import type { Client } from "./client.js";
import { suited } from "./easel.js";
import type { Look } from "./paint/options.js";

/** Seconds that a frame may take. */
const FRAME = 1 / 12;
const SIZES = [96, 512] as const;

export interface Viewer {
  /** The camera gives pictures of this size. */
  opened(first: ImageBitmap, width: number, height: number): void;
  frame(image: ImageBitmap, perSecond: number, longest: number): void;
  look(): Look;
  fault(error: unknown): void;
}

export class Camera {
  private readonly video = document.createElement("video");
  private stream: MediaStream | null = null;
  private longest: number = SIZES[1] / 2;
  /** Which run this is; one that has ended is not the last. */
  private run = 0;
  private facing: "user" | "environment" = "user";

  constructor(
    private readonly client: Client,
    private readonly viewer: Viewer,
  ) {
    this.video.muted = true;
    this.video.playsInline = true;
  }

  static get exists(): boolean {
    return navigator.mediaDevices?.getUserMedia !== undefined;
  }

  get running(): boolean {
    return this.stream !== null;
  }

  async start(): Promise<void> {
    this.stop();
    this.run += 1;
    const run = this.run;
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: this.facing }, audio: false });
    if (run !== this.run) return end(stream);
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
    this.viewer.opened(await createImageBitmap(this.video), this.video.videoWidth, this.video.videoHeight);
    void this.loop(run);
  }

  stop(): void {
    this.run += 1;
    if (this.stream !== null) end(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  /** From the camera that looks at the user to the one that looks away, or back. */
  async turn(): Promise<void> {
    this.facing = this.facing === "user" ? "environment" : "user";
    await this.start();
  }

  /** The photograph that the camera sees now. */
  async snapshot(): Promise<Blob> {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")!.drawImage(this.video, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }

  private async loop(run: number): Promise<void> {
    let last = performance.now();
    let perSecond = 1 / FRAME;
    while (run === this.run) {
      try {
        await this.next();
        if (run !== this.run) return;
        const frame = await createImageBitmap(this.video);
        const { image, seconds } = await this.client.ask("frame", { frame, look: this.viewer.look(), longest: this.longest }, undefined, [frame]).answer;
        if (run !== this.run) return image.close();
        const now = performance.now();
        perSecond += 0.1 * (1000 / (now - last) - perSecond);
        last = now;
        this.viewer.frame(image, perSecond, this.longest);
        this.longest = suited(this.longest, seconds, FRAME, SIZES);
      } catch (error) {
        if (run !== this.run) return;
        this.stop();
        this.viewer.fault(error);
      }
    }
  }

  /** Waits for a frame that has not been seen yet. */
  private next(): Promise<void> {
    return new Promise((resolve) => {
      if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(() => resolve());
      else setTimeout(resolve, 1000 * FRAME);
    });
  }
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
