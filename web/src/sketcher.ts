/** A second worker for previews: a network cannot be stopped in the middle, and a preview should not wait for one. */

import { Client } from "./client.js";
import type { Rgba } from "./paint/pixels.js";
import type { Order, Requests } from "./paint/protocol.js";

export type ModelSource = { url: string } | { bytes: Uint8Array<ArrayBuffer> };

export class Sketcher {
  private readonly client: Client;
  private readonly started: Promise<unknown>;
  private model: ModelSource | null = null;
  private last = 0;
  private knows = false;

  constructor(worker: string, runtime: string) {
    this.client = new Client(worker);
    this.started = this.client.ask("start", { runtime, threads: 1 }).answer;
  }

  /** Whether it has the model and the photograph. */
  get ready(): boolean {
    return this.knows;
  }

  /** Another model, or another photograph, of which it gets a small copy; it is ready a while later. */
  async tell(model: ModelSource, photo: Rgba): Promise<void> {
    this.knows = false;
    this.last += 1;
    const number = this.last;
    try {
      await this.started;
      if (this.model !== model) {
        this.model = model;
        await this.client.ask("model", { ...model, engine: "wasm" }).answer;
      }
      const { shown } = await this.client.ask("open", { pixels: photo }).answer;
      shown.close();
      this.knows = number === this.last;
    } catch {
      this.model = null; // too little memory for two, say: it is never ready, and the other worker does it all
    }
  }

  paint(order: Order): Promise<Requests["paint"]["answer"]> {
    return this.client.ask("paint", order).answer;
  }
}
