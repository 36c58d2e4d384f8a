/** What a worker tells of its cache of workflows, from its Prometheus endpoint. */
import { request } from 'undici';

export interface CacheFigures {
  /** Deals in the cache now. */
  size: number;
  /** Deals that had to make room, and tasks that found theirs gone, since the start. */
  evictions: number;
  misses: number;
}

export async function cacheFiguresOf(metricsUrl: string): Promise<CacheFigures> {
  const { body } = await request(metricsUrl);
  const text = await body.text();
  return {
    size: sumOf(text, 'temporal_sticky_cache_size'),
    evictions: sumOf(text, 'temporal_sticky_cache_total_forced_eviction'),
    misses: sumOf(text, 'temporal_sticky_cache_miss'),
  };
}

/** Over all labels; a counter that was never raised is not listed. */
function sumOf(text: string, name: string): number {
  const lines = text.split('\n').filter((line) => new RegExp(`^${name}(_total)?[ {]`).test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
