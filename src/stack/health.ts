import { setTimeout as wait } from 'node:timers/promises';

/** Settles once a GET of `url` answers 2xx (with `text` in its body, when given). Rejects when `signal` is aborted. */
export async function whenHealthy(url: string, signal: AbortSignal, text = ''): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await answers(url, text)) return;
    await wait(100);
  }
}

async function answers(url: string, text: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    const body = await response.text();
    return response.ok && body.includes(text);
  } catch {
    return false;
  }
}
