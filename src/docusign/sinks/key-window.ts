/** The keys of the latest entries; the oldest are forgotten first. */
import type { Feed } from '../settings.js';

export class KeyWindow {
  readonly #keys = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  has(feed: Feed, key: string): boolean {
    return this.#keys.has(`${feed} ${key}`);
  }

  add(feed: Feed, key: string): void {
    const name = `${feed} ${key}`;
    this.#keys.delete(name);
    this.#keys.add(name);
    if (this.#keys.size <= this.#most) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      break;
    }
  }
}
