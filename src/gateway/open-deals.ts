/** The gauges of open deals on `/metrics`, counted in Temporal's visibility store. */
import { Gauge, type Registry } from 'prom-client';
import { OPEN_STAGES } from '../deal/stages.js';
import type { Deals } from './deals.js';

/** Scrapes may come every few seconds, and from several places. */
const KEPT_MS = 15_000;

/** When Temporal cannot be asked the gauges are absent rather than old, and the other metrics are told as ever. */
export function gaugeOpenDeals(registry: Registry, deals: Deals): void {
  const open = new Gauge({
    name: 'countersign_open_deals',
    help: 'Deals that are open, by stage',
    labelNames: ['stage'],
    registers: [registry],
    collect: () => refresh(),
  });
  const blocked = new Gauge({
    name: 'countersign_blocked_deals',
    help: 'Open deals that stand still until somebody acts or time helps',
    registers: [registry],
    collect: () => refresh(),
  });
  let counting: Promise<void> | undefined;
  let due = 0;

  function refresh(): Promise<void> {
    if (Date.now() >= due) {
      due = Date.now() + KEPT_MS;
      counting = count();
    }
    return counting ?? Promise.resolve();
  }

  async function count(): Promise<void> {
    try {
      const [standing, ...counts] = await Promise.all([
        deals.count({ open: true, blocked: true }),
        ...OPEN_STAGES.map((stage) => deals.count({ open: true, stage })),
      ]);
      blocked.set(standing);
      OPEN_STAGES.forEach((stage, index) => open.set({ stage }, counts[index] ?? 0));
    } catch {
      open.reset();
      blocked.remove();
    }
  }
}
