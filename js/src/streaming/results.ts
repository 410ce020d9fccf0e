// The results of the operation being tuned, as far as they are drawn: the newest one last.

import type { PreviewInfo } from "../messages.ts";
import { PreviewLoader } from "./preview_loader.ts";
import type { Scheduler } from "./scheduler.ts";

/** Results that stay visible below a newer one that is still incomplete. */
const MOST_OLD = 3;

export class Results {
  all: PreviewLoader[] = [];
  #scheduler: Scheduler;
  #loaded: () => void;

  constructor(scheduler: Scheduler, loaded: () => void) {
    this.#scheduler = scheduler;
    this.#loaded = loaded;
  }

  /** The newest result, which may be incomplete. */
  get newest(): PreviewLoader | null {
    return this.all.at(-1) ?? null;
  }

  /** Follow what the kernel announced; older results stay as far as `budget` bytes have room. */
  follow(info: PreviewInfo | null, budget: number): void {
    const before = this.newest;
    if (!info) {
      for (const result of this.all) result.close();
      this.all = [];
    } else if (before && info.id === before.info.id) {
      before.update(info);
    } else {
      before?.close();
      const fresh = new PreviewLoader(info, this.#scheduler, this.#loaded);
      this.all = [...this.#drawnWithin(budget - fresh.box.bytes), fresh];
    }
    this.dropCovered();
  }

  /** Forget what a complete newer result covers. */
  dropCovered(): void {
    const last = this.all.findLastIndex((each) => each.isComplete && each.hasVoxels);
    if (last > 0) this.all.splice(0, last);
  }

  /** The newest of the results that are drawn now, as far as so many bytes hold them. */
  #drawnWithin(bytes: number): PreviewLoader[] {
    const drawn = this.all.filter((result) => result.hasVoxels).slice(-MOST_OLD);
    return drawn.filter((_, i) => {
      const newer = drawn.slice(i).reduce((sum, result) => sum + result.box.bytes, 0);
      return newer <= bytes;
    });
  }
}
