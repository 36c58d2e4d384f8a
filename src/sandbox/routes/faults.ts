import { z } from 'zod';
import { ruleSchema } from '../fault.js';
import type { Faults } from '../faults.js';
import type { AddRoute } from './admin.js';
import { read } from './reading.js';

const addSchema = z.strictObject({
  faults: z.array(ruleSchema).max(200),
  seed: z.number().int().min(0).optional(),
});

/** The admin routes of what goes wrong on purpose; all answer with what there is then. */
export function addFaultRoutes(route: AddRoute, faults: Faults): void {
  const all = (): unknown => ({ faults: faults.live(), counts: faults.counts() });
  route('GET', '/faults', all);
  route('POST', '/faults', (_id, body) => {
    const given = read(addSchema, body);
    faults.add(given.faults, given.seed);
    return all();
  });
  route('POST', '/faults/clear', () => {
    faults.clear();
    return all();
  });
}
