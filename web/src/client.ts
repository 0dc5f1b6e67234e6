/** The worker as functions that give promises. */

import type { Fault, Kind, Reply, Requests } from "./paint/protocol.js";

export class Failed extends Error {
  constructor(
    readonly fault: Fault,
    words: string,
  ) {
    super(words);
  }
}

interface Waiting {
  resolve(answer: never): void;
  reject(error: Failed): void;
  progress(share: number): void;
}

export class Client {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(url: string) {
    this.worker = new Worker(url, { type: "module" });
    this.worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.hear(data));
    this.worker.addEventListener("error", (event) => this.fail(event.message || "worker"));
  }

  /** Ask for something; the number names the request for `cancel`. */
  ask<K extends Kind>(
    kind: K,
    ask: Requests[K]["ask"],
    progress: (share: number) => void = () => {},
    transfer: Transferable[] = [],
  ): { readonly id: number; readonly answer: Promise<Requests[K]["answer"]> } {
    this.last += 1;
    const id = this.last;
    const answer = new Promise<Requests[K]["answer"]>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, progress });
    });
    this.worker.postMessage({ id, kind, ask }, transfer);
    return { id, answer };
  }

  cancel(id: number): void {
    if (this.waiting.has(id)) this.worker.postMessage({ cancel: id });
  }

  private hear(reply: Reply): void {
    const one = this.waiting.get(reply.id);
    if (one === undefined) return;
    if ("share" in reply) one.progress(reply.share);
    else {
      this.waiting.delete(reply.id);
      if ("fault" in reply) one.reject(new Failed(reply.fault, reply.words));
      else one.resolve(reply.answer as never);
    }
  }

  private fail(words: string): void {
    for (const one of this.waiting.values()) one.reject(new Failed("failed", words));
    this.waiting.clear();
  }
}
