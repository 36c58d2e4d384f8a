/** The last time of a gateway: it says that it is about to stop, and goes on answering until it is closed. */
export interface Drain {
  begun(): boolean;
  begin(): void;
}

export function createDrain(): Drain {
  let begun = false;
  return { begun: () => begun, begin: () => void (begun = true) };
}
